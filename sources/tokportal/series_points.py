"""The other modes of `/analytics/series`: gained, weekly, snapshot. Asked only by name.

Each mode has its own meaning, so each point keeps its mode and granularity; the gains of a day also
stand beside that day's cumulative figures. Five requests per mode and account, when the account was
measured again.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ..extraction.plan import Cost
from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.rows import Reader, Reject, first, identifier
from .account_work import AccountWork
from .client import TokPortalClient
from .series import born
from .tables import DAILY_SERIES, SERIES_METRICS, SERIES_POINTS

Row = dict[str, Any]


def points_are_due(work: AccountWork) -> bool:
    cursor = work.cursors.get("series_points") or {}
    return cursor.get("observed_at") is None or cursor["observed_at"] != work.observed()


def points_cost(work: AccountWork) -> Cost:
    """A request per mode and metric."""
    asked = len(work.scope.options.series_modes.split(",")) * len(SERIES_METRICS)
    return Cost(asked, asked)


async def read_series_points(
    work: AccountWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """Every configured mode and metric from the cursor, less the lookback, to today."""
    cursor, options = work.cursors.get("series_points") or {}, work.scope.options
    since = born(work)
    if cursor.get("through"):
        since = date.fromisoformat(cursor["through"]) - timedelta(days=options.lookback_days)
    window = (max(since, options.start_date).isoformat(), work.now().date().isoformat())
    gains: dict[Any, Row] = {}
    for granularity, mode in (m.strip().split(".") for m in options.series_modes.split(",")):
        for metric in SERIES_METRICS:
            points = await client.get_series(
                work.account_id, metric, *window, granularity=granularity, mode=mode
            )
            known = {"metric": metric, "granularity": granularity, "mode": mode}
            _land_points(work, points, known, rows)
            if (granularity, mode) == ("day", "gained"):
                _collect_gains(points, metric, gains)
    _land_gains(work, gains, rows, held)


def _land_points(work: AccountWork, points: list[Any], known: Row, rows: Batch) -> None:
    reader, now = Reader(SERIES_POINTS, rows.tenant), work.now()
    rows.served += len(points)
    for point in points:
        owner = identifier(point, "account_id")
        if owner not in (None, work.account_id):
            said: Any = reader.reject(f"it says it belongs to account {owner}", point)
        else:
            said = reader.read(point, now, known | {"account_id": work.account_id})
        if isinstance(said, Reject):
            rows.reject(said, work.account_id, now)
        else:
            rows.put(SERIES_POINTS, said.row)


def _collect_gains(points: list[Any], metric: str, gains: dict[Any, Row]) -> None:
    for point in points:
        day = first(point, "date", "day", "captured_on") if isinstance(point, dict) else None
        if isinstance(day, str | int):
            gained = gains.setdefault(day, {"date": day})
            gained[f"{metric}_gained"] = first(point, "value")


def _land_gains(work: AccountWork, gains: dict[Any, Row], rows: Batch, held: Held) -> None:
    """Beside the cumulative figures of the day, which are kept as the drilldown just said them."""
    reader, now = Reader(DAILY_SERIES, rows.tenant), work.now()
    stored = held.of(DAILY_SERIES, work.account_id)
    fresh = work.drilldown.series_rows if work.drilldown else {}
    for gained in gains.values():
        said = reader.read(gained, now, {"account_id": work.account_id})
        if isinstance(said, Reject):
            continue  # the same point was rejected as a point already
        known = stored.get(DAILY_SERIES.key_of(said.row))
        base = fresh.get(said.row["date"]) or (known.row if known else {})
        row = {n: base.get(n) if v is None else v for n, v in said.row.items()}
        row["payload"] = base.get("payload") or row["payload"]
        rows.put(DAILY_SERIES, row)
