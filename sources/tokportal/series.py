"""Days of the daily series that the drilldown does not reach.

How far back a drilldown's `daily_series` goes is not documented. At an account's first sync one
request tells whether there is more; afterwards a series is asked only where the drilldown leaves a
gap to what is held, or lacks a metric, and only when the account was measured again. All of it is
read again every `full_reread_days`, since a provider may restate any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zlib import crc32

from ..landing.batch import Batch
from ..landing.days import is_time, parse
from ..landing.held import Held
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .account_work import AccountWork
from .client import TokPortalClient
from .drilldown import Drilldown, DrilldownReader
from .tables import SERIES_METRICS

BEFORE_BIRTH = timedelta(days=30)  # delivery and first capture need not be in that order

Row = dict[str, Any]


@dataclass(frozen=True)
class SeriesRange:
    """Days from `since` to `until`, both included, of one metric. `more`: metrics to ask too when
    the first brings any point."""

    metric: str
    since: date
    until: date
    more: tuple[str, ...] = ()


def born(work: AccountWork) -> date:
    """The earliest day of which the account can have figures, as far as the listing says."""
    try:
        return timestamp(first(work.listed, "created_at")).date()
    except Unusable:
        return work.scope.options.start_date


def series_to_ask(work: AccountWork, drilldown: Drilldown) -> list[SeriesRange]:
    """What to ask of `/analytics/series` for this account now."""
    cursor: dict[str, Any] = work.cursors.get("daily_series") or {}
    first_time = not cursor.get("through")
    work.whole_series = _whole_is_due(work, cursor)
    wanted = _older_days(work, drilldown, cursor)
    if drilldown.series_days and cursor.get("observed_at") != work.observed():
        # What neither the drilldown nor, the first time, the series had is not asked again.
        worth = SERIES_METRICS if first_time else cursor.get("from_series", ())
        lacking = [m for m in worth if m not in drilldown.series_metrics]
        since, today = min(drilldown.series_days), work.now().date()
        wanted += [SeriesRange(metric, since, today) for metric in lacking]
    return wanted


def _whole_is_due(work: AccountWork, cursor: dict[str, Any]) -> bool:
    """Whether the last reading of the whole series is too old. The accounts of one first sync come
    due over a quarter of that time, each on a day of its own."""
    read_at = parse(cursor.get("whole_at"))
    luck = crc32(work.account_id.encode()) / 2**32
    age = timedelta(days=work.scope.options.full_reread_days) * (1 - luck / 4)
    return is_time(read_at, age, work.now())


def _older_days(
    work: AccountWork, drilldown: Drilldown, cursor: dict[str, Any]
) -> list[SeriesRange]:
    """The days between what is held (or the account's birth, when the whole is due) and the
    drilldown's first day."""
    today = work.now().date()
    first_day = min(drilldown.series_days, default=today + timedelta(days=1))
    if not work.whole_series:
        held_to = date.fromisoformat(cursor["through"])
        since = held_to - timedelta(days=work.scope.options.lookback_days)
        missing = held_to + timedelta(days=1) < first_day
    else:
        birth = born(work)
        since, missing = birth - BEFORE_BIRTH, birth < first_day
    since = max(since, work.scope.options.start_date)
    until = first_day - timedelta(days=1)
    if not missing or since > until:
        return []
    return [SeriesRange("views", since, until, SERIES_METRICS[1:])]


async def read_series(
    work: AccountWork,
    ranges: list[SeriesRange],
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    """Older days, as rows of the series; and which metrics only this endpoint has."""
    points = await read_days(work.account_id, ranges, client)
    DrilldownReader(work.account_id, rows, held, work.now()).series(list(points.values()))
    work.from_series = sorted(
        {m for point in points.values() for m, v in point.items() if v is not None and m != "date"}
    )


async def read_days(
    account_id: str, ranges: list[SeriesRange], client: TokPortalClient
) -> dict[Any, Row]:
    """Points by day, metric by metric; nothing more is asked when the first brings nothing."""
    points: dict[Any, Row] = {}
    for asked in ranges:
        got = await _points(account_id, client, asked, asked.metric, points)
        for metric in asked.more if got else ():
            await _points(account_id, client, asked, metric, points)
    return points


async def _points(
    account_id: str,
    client: TokPortalClient,
    asked: SeriesRange,
    metric: str,
    points: dict[Any, Row],
) -> int:
    got = await client.get_series(
        account_id, metric, asked.since.isoformat(), asked.until.isoformat()
    )
    for point in got:
        owner = identifier(point, "account_id") if isinstance(point, dict) else None
        day = first(point, "date", "day", "captured_on") if isinstance(point, dict) else None
        if day is not None and owner in (None, account_id):
            points.setdefault(day, {"date": day})[metric] = first(point, "value", metric)
    return len(got)
