"""Days of the daily series that the drilldown does not reach.

How far back a drilldown's `daily_series` goes is not documented. At an account's first sync one
request tells whether there is more; afterwards a series is asked only where the drilldown leaves a
gap to what is held, or lacks a metric, and only when the account was measured again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ..landing.rows import first
from ..landing.values import Unusable, timestamp
from .drilldown import SERIES_METRICS, Drilldown

if TYPE_CHECKING:
    from .account import AccountWork

_BEFORE = timedelta(days=30)  # delivery and first capture need not be in that order


@dataclass(frozen=True)
class SeriesRange:
    """Days from `since` to `until`, both included, of one metric. `more`: metrics to ask too when
    the first brings any point."""

    metric: str
    since: date
    until: date
    more: tuple[str, ...] = ()


def _born(work: AccountWork) -> date:
    """The earliest day of which the account can have figures, as far as the listing says."""
    try:
        return timestamp(first(work.listed, "created_at")).date()
    except Unusable:
        return work.run.options.start_date


def series_to_ask(work: AccountWork, drilldown: Drilldown) -> list[SeriesRange]:
    """What to ask of `/analytics/series` for this account now."""
    cursor: dict[str, Any] = work.cursors.get("daily_series") or {}
    today = work.now().date()
    days = drilldown.series_days
    through = date.fromisoformat(cursor["through"]) if cursor.get("through") else None
    since = max(work.run.options.start_date, _born(work) - _BEFORE)
    if through is not None:
        since = max(since, through - timedelta(days=work.run.options.lookback_days))
    wanted = []
    first_day = min(days, default=today + timedelta(days=1))
    if through is None or through + timedelta(days=1) < first_day:
        until = first_day - timedelta(days=1)
        if since <= until:
            wanted.append(SeriesRange("views", since, until, SERIES_METRICS[1:]))
    measured = cursor.get("observed_at") != work.cursor_of("drilldown")
    if days and measured:
        lacking = [m for m in SERIES_METRICS if m not in drilldown.series_metrics]
        wanted += [SeriesRange(m, max(since, first_day), today) for m in lacking]
    return wanted
