"""The other modes of `/analytics/series`: gained, weekly, snapshot. Asked only by name.

Each mode has its own meaning, so each point keeps its mode and granularity; the gains of a day also
stand beside that day's cumulative figures. Five requests per mode and account, when the account was
measured again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ..extraction.plan import Cost
from ..landing.batch import Batch
from ..landing.days import period_start
from ..landing.held import Held
from ..landing.rows import Reject, first, identifier
from ..landing.values import Unusable, day
from .account_work import AccountWork
from .client import TokPortalClient
from .series import born
from .tables import DAILY_SERIES, SERIES_METRICS, SERIES_POINTS

Row = dict[str, Any]

_DAY = ("date", "day", "captured_on", "week")


def points_are_due(work: AccountWork) -> bool:
    cursor = work.cursors.get("series_points") or {}
    return cursor.get("observed_at") is None or cursor["observed_at"] != work.observed()


def points_cost(work: AccountWork) -> Cost:
    """A request per mode and metric."""
    asked = len(_modes(work)) * len(SERIES_METRICS)
    return Cost(asked, asked)


def _modes(work: AccountWork) -> list[tuple[str, str]]:
    """Granularity and mode of each series to ask."""
    modes = work.scope.options.series_modes.split(",")
    return [(grain, mode) for grain, _, mode in (each.strip().partition(".") for each in modes)]


async def read_series_points(
    work: AccountWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """Every configured mode and metric, from the cursor's period less the lookback to today."""
    gains: dict[Any, Row] = {}
    for granularity, mode in _modes(work):
        window = _window(work, granularity)
        for metric in SERIES_METRICS:
            points = await client.get_series(
                work.account_id,
                metric,
                window.since.isoformat(),
                work.now().date().isoformat(),
                granularity=granularity,
                mode=mode,
            )
            points = [point for point in points if not window.cuts(point)]
            known = {"metric": metric, "granularity": granularity, "mode": mode}
            _land_points(work, points, known, rows)
            if (granularity, mode) == ("day", "gained"):
                _collect_gains(points, metric, gains)
    _land_gains(work, gains, rows, held)


@dataclass(frozen=True)
class _Window:
    """Days from `since` on. `continued`: earlier days were read before, so that the first period of
    this window may be a part of one that is stored whole."""

    since: date
    continued: bool

    def cuts(self, point: Any) -> bool:
        """Whether the point may be of a period that the window cuts."""
        if not self.continued or not isinstance(point, dict):
            return False
        try:
            return day(first(point, *_DAY)) <= self.since
        except Unusable:
            return False  # it is rejected as a row


def _window(work: AccountWork, grain: str) -> _Window:
    """From the start of a period, and one period more than is wanted: the provider does not say on
    which day its weeks begin, nor whether it knows the day before a window."""
    cursor, options = work.cursors.get("series_points") or {}, work.scope.options
    beginning = period_start(max(born(work), options.start_date), grain)
    if not cursor.get("through"):
        return _Window(beginning, continued=False)
    wanted = date.fromisoformat(cursor["through"]) - timedelta(days=options.lookback_days)
    since = period_start(period_start(wanted, grain) - timedelta(days=1), grain)
    return _Window(max(since, beginning), continued=since > beginning)


def _land_points(work: AccountWork, points: list[Any], known: Row, rows: Batch) -> None:
    reader, now = rows.reader(SERIES_POINTS), work.now()
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
        named = first(point, *_DAY) if isinstance(point, dict) else None
        if isinstance(named, str | int):
            gained = gains.setdefault(named, {"date": named})
            gained[f"{metric}_gained"] = first(point, "value")


def _land_gains(work: AccountWork, gains: dict[Any, Row], rows: Batch, held: Held) -> None:
    """Beside the cumulative figures of the day, which are kept as the drilldown just said them."""
    reader, now = rows.reader(DAILY_SERIES), work.now()
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
