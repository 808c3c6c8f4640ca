"""What an account will cost, as far as it can be known before its drilldown is asked.

The dashboard of the index pass tells whether the account was measured again and how many posts it
has; the marks tell when each post moved last. Posts that moved at the last measurement are taken to
move again, and a tenth of them to have a new comment (docs/DECISIONS.md, 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ..extraction.plan import Cost
from ..extraction.work import Work
from ..landing.days import parse
from ..landing.held import Held
from ..landing.rows import first
from ..landing.values import Unusable, timestamp
from .account_work import AccountWork
from .agency_tables import BUNDLE_MARKS, WEBHOOK_ENDPOINTS
from .answers import stated_posts
from .bundles import still_open
from .client import RAW_LIMIT
from .marks import RawMark
from .raw_history import account_mark
from .raw_walk import CAPTURED
from .series import born
from .tables import POST_MARKS

Row = dict[str, Any]

_COMMENTED = 0.1
_A_DAY = timedelta(days=1)
_RAW = ("observed_at", "raw_through", "raw_per_day", "unseen_since")


def costs(work: AccountWork, held: Held) -> Iterator[tuple[str, Cost]]:
    """Expected requests of an account, by stream."""
    if "drilldown" in work.resting:
        return
    for stream, cost in _all_costs(work, held):
        if stream == "drilldown" or (work.scope.asks(stream) and stream not in work.resting):
            yield stream, cost


def owner_costs(work: Work, held: Held) -> Iterator[tuple[str, Cost]]:
    """Expected requests of what belongs to the owner: each listing, and what its rows bring."""
    due = {piece.stream for piece in work.pieces}
    for stream in due:
        yield stream, Cost()
    if "bundles" in due or "bundle_videos" in due:
        marks = [each.row for each in held.whole(BUNDLE_MARKS).values() if each.completed]
        open_ones = sum(still_open(mark, work.now()) for mark in marks)
        yield "bundle_videos", Cost(open_ones, 0, estimated=True)
    if "webhook_endpoints" in due or "webhook_deliveries" in due:
        endpoints = len(held.whole(WEBHOOK_ENDPOINTS))
        yield "webhook_deliveries", Cost(endpoints, 0, estimated=True)


def _all_costs(work: AccountWork, held: Held) -> Iterator[tuple[str, Cost]]:
    dashboard = work.dashboard or {}
    if work.dashboard is not None and not dashboard.get("latest"):
        # Without analytics: a 404, then once a day the older endpoint.
        asked = work.cursors.get("older_asked_on") == work.now().date().isoformat()
        yield "drilldown", Cost(1 if asked else 2)
        return
    yield "drilldown", Cost()
    if work.scope.full_refresh or "drilldown" not in work.cursors:
        yield from _first_time(work)
    else:
        yield from _again(work, held)


def _first_time(work: AccountWork) -> Iterator[tuple[str, Cost]]:
    """Every history: as many days as the account is old, for its posts half of that."""
    days = max(1, (work.now().date() - born(work)).days)
    yield "daily_series", Cost(1, 0, estimated=True)
    yield "account_raw_snapshots", Cost(_walk(days), estimated=True)
    posts = stated_posts({}, work.dashboard) or 0
    yield "post_raw_snapshots", Cost(posts * _walk(days / 2), posts, estimated=True)
    yield "comments", Cost(posts, posts)


def _again(work: AccountWork, held: Held) -> Iterator[tuple[str, Cost]]:
    now, lag = work.now(), work.scope.options.raw_max_lag_days
    moved = _measured_again(work)
    mark = account_mark(work.cursors.get("account_raw_snapshots"))
    if moved and mark.due(now, now, lag):
        yield "account_raw_snapshots", Cost(_walk_from(mark, now), estimated=True)
    stored = held.of(POST_MARKS, work.account_id).values()
    rows = [each.row for each in stored if each.completed]
    movers = list(_movers(rows)) if moved else []
    due = [mark for mark in map(_raw_mark, movers) if mark.due(now, now, lag)]
    if due:
        asked = sum(_walk_from(mark, now) for mark in due)
        yield "post_raw_snapshots", Cost(asked, 0, estimated=True)
    if movers:
        yield "comments", Cost(len(movers) * _COMMENTED, 0, estimated=True)
    if new := max(0, (stated_posts({}, work.dashboard) or 0) - len(rows)):
        yield "post_raw_snapshots", Cost(new, 0, estimated=True)
        yield "comments", Cost(new, 0, estimated=True)


def _measured_again(work: AccountWork) -> bool:
    """Whether the dashboard shows another observation than the last one; unknown counts as yes."""
    latest, known = (work.dashboard or {}).get("latest") or {}, work.cursors["drilldown"]
    try:
        shown = timestamp(first(latest, *CAPTURED))
    except Unusable:
        return True
    return shown != parse(known.get("observed_at"))


def _movers(marks: Iterable[Row]) -> Iterator[Row]:
    """Posts that moved within a day of the newest move of all."""
    moves = [(row["unseen_since"] or row["observed_at"], row) for row in marks]
    newest = max((moment for moment, _ in moves if moment), default=None)
    for moment, row in moves:
        if moment is None or newest is None or newest - moment < _A_DAY:
            yield row


def _raw_mark(row: Row) -> RawMark:
    return RawMark(**{name: row[name] for name in _RAW})


def _walk_from(mark: RawMark, now: datetime) -> int:
    since = mark.raw_through or mark.observed_at or now
    return _walk((now - since) / _A_DAY * (mark.raw_per_day or 1.0))


def _walk(rows: float) -> int:
    """Requests of a walk over so many raw rows: pages overlap, and the last has to be short."""
    return 1 + int(rows) // (RAW_LIMIT - 1)
