"""Days of the daily series that the drilldown does not reach.

How far back a drilldown's `daily_series` goes is not documented. At an account's first sync one
request tells whether there is more; afterwards a series is asked only where the drilldown leaves a
gap to what is held, or lacks a metric, and only when the account was measured again. All of it is
read again every `full_reread_days`, since a provider may restate any day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from zlib import crc32

from ..extraction.plan import Cost
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
    """Days from `since` to `until`, both included, of some metrics: a request for each."""

    metrics: tuple[str, ...]
    since: date
    until: date


Points = dict[Any, Row]
"""Points by day, as the provider names it."""


def born(work: AccountWork) -> date:
    """The earliest day of which the account can have figures, as far as the listing says."""
    try:
        return timestamp(first(work.listed, "created_at")).date()
    except Unusable:
        return work.scope.options.start_date


def plan_series(work: AccountWork, drilldown: Drilldown) -> None:
    """Add what to ask of `/analytics/series` for this account now."""
    cursor: dict[str, Any] = work.cursors.get("daily_series") or {}
    work.whole_series = _whole_is_due(work, cursor)
    if older := _older_days(work, drilldown, cursor):
        work.add("daily_series", partial(_read_older, work, older), tells=True)
    if lacking := _lacking(work, drilldown, cursor):
        read = partial(read_series, work, lacking, {})
        work.add("daily_series", read, cost=Cost(len(lacking.metrics), len(lacking.metrics)))


def _lacking(work: AccountWork, drilldown: Drilldown, cursor: dict[str, Any]) -> SeriesRange | None:
    """Metrics that the drilldown's days lack. What neither it nor, the first time, the series had
    is not asked again."""
    if not drilldown.series_days or cursor.get("observed_at") == work.observed():
        return None
    worth = cursor.get("from_series", ()) if cursor.get("through") else SERIES_METRICS
    metrics = tuple(m for m in worth if m not in drilldown.series_metrics)
    if not metrics:
        return None
    return SeriesRange(metrics, min(drilldown.series_days), work.now().date())


def _whole_is_due(work: AccountWork, cursor: dict[str, Any]) -> bool:
    """Whether the last reading of the whole series is too old. The accounts of one first sync come
    due over a quarter of that time, each on a day of its own."""
    read_at = parse(cursor.get("whole_at"))
    luck = crc32(work.account_id.encode()) / 2**32
    age = timedelta(days=work.scope.options.full_reread_days) * (1 - luck / 4)
    return is_time(read_at, age, work.now())


def _older_days(
    work: AccountWork, drilldown: Drilldown, cursor: dict[str, Any]
) -> SeriesRange | None:
    """The days between what is held (or the account's birth, when the whole is due) and the
    drilldown's first day."""
    today = work.now().date()
    first_day = min(drilldown.series_days, default=today + timedelta(days=1))
    if not work.whole_series and cursor.get("observed_at") == work.observed():
        return None  # not measured since the last gap was filled
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
        return None
    return SeriesRange(SERIES_METRICS, since, until)


async def _read_older(
    work: AccountWork, asked: SeriesRange, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """Older days: the first metric tells whether there are any, and only then is the rest asked."""
    points = await read_first(work.account_id, asked, client)
    rest = replace(asked, metrics=asked.metrics[1:])
    if points:
        read = partial(read_series, work, rest, points)
        work.add("daily_series", read, cost=Cost(len(rest.metrics), len(rest.metrics)))


async def read_series(
    work: AccountWork,
    asked: SeriesRange,
    points: Points,
    client: TokPortalClient,
    rows: Batch,
    held: Held,
) -> None:
    """Days of the range as rows of the series, with the points of the metric that was read before,
    if one was: then every metric of these days was read. And which metrics only this endpoint
    has."""
    whole = bool(points)
    await read_days(work.account_id, asked, points, client)
    reader = DrilldownReader(work.account_id, rows, held, work.now())
    reader.series(list(points.values()))
    work.series_days |= reader.result.series_days
    if whole:
        drilldown = work.drilldown.series_days if work.drilldown else set()
        reader.series_gaps(rows, asked.since, asked.until, beside=drilldown)
    found = {m for point in points.values() for m, v in point.items() if v is not None}
    work.from_series = sorted({*work.from_series, *found} & set(SERIES_METRICS))


async def read_first(account_id: str, asked: SeriesRange, client: TokPortalClient) -> Points:
    """The points of the range's first metric."""
    points: Points = {}
    await read_days(account_id, replace(asked, metrics=asked.metrics[:1]), points, client)
    return points


async def read_days(
    account_id: str, asked: SeriesRange, points: Points, client: TokPortalClient
) -> None:
    """Add the points of every metric, a request for each."""
    for metric in asked.metrics:
        got = await client.get_series(
            account_id, metric, asked.since.isoformat(), asked.until.isoformat()
        )
        for point in got:
            owner = identifier(point, "account_id")
            day = first(point, "date", "day", "captured_on") if isinstance(point, dict) else None
            if isinstance(day, str | int) and owner in (None, account_id):
                points.setdefault(day, {"date": day})[metric] = first(point, "value", metric)
            else:  # without a day, or of another account: rejected as a row
                points[f"unreadable {metric} {point!r}"] = {"metric": metric, "point": point}
