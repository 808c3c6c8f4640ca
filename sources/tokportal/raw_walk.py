"""All raw snapshots of a window, out of pages of 30 that have neither cursor nor total.

A page shorter than the limit proves its window. A full one may have left out what is older, what is
newer, or both: which rows a provider picks is not documented, and their order on the page does not
tell (the newest 30 may come oldest first). So each side that the page does not reach is asked.
Bounds are widened by a second (inclusive or not is not documented either) and repeats fall out by
id. A walk that brings nothing new stops as an error of that post or account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ..http.errors import WalkError
from ..landing.days import from_param, to_param
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .client import RAW_LIMIT

Row = dict[str, Any]
Params = list[tuple[str, str]]
Ask = Callable[[Params], Awaitable[list[Row]]]

CAPTURED = ("captured_at", "scraped_at", "snapshot_at", "fetched_at", "created_at")
SOURCES = ("bundle_social", "apify", "manual")
_MAX_REQUESTS = 5_000  # seventeen years of hourly snapshots
_WIDENED = timedelta(seconds=2)


@dataclass(frozen=True)
class Window:
    """Captures from `start` to `end`; None is open. `source` narrows a moment with 30 ties."""

    start: datetime | None
    end: datetime | None = None
    source: str | None = None

    def misses(self, low: datetime, high: datetime) -> bool:
        """Whether captures lie outside, by more than the widened bounds explain."""
        below = self.start is not None and low < self.start - _WIDENED
        return below or (self.end is not None and high > self.end + _WIDENED)

    def params(self) -> Params:
        bounds = [("from", from_param(self.start))] if self.start else []
        bounds += [("to", to_param(self.end))] if self.end else []
        return bounds + ([("source", self.source)] if self.source else [])


@dataclass
class Walk:
    """Rows by id, in the order met; `requests` asked."""

    rows: dict[str, Row] = field(default_factory=dict)
    requests: int = 0

    def take(self, page: Sequence[Row]) -> bool:
        """Add a page; False when all of it was known."""
        before = len(self.rows)
        for row in page:
            self.rows.setdefault(row_id(row), row)
        return len(self.rows) > before


async def walk_raw(
    ask: Ask, start: datetime | None, newest: datetime | None, end: datetime | None = None
) -> list[Row]:
    """Every raw row captured at or after `start`, up to `end` if there is one.

    `newest` is the newest capture known from elsewhere: a full page that reaches it has left out
    nothing newer. Raises WalkError when the walk comes to no proven end.
    """
    walk, windows = Walk(), [Window(start, end)]
    while windows:
        window = windows.pop()
        walk.requests += 1
        if walk.requests > _MAX_REQUESTS:
            raise WalkError(f"more than {_MAX_REQUESTS} raw requests for one history")
        page = await ask(window.params())
        new = walk.take(page)
        if len(page) >= RAW_LIMIT:
            windows += rest_of(window, captures(page), newest, new)
    return list(walk.rows.values())


def rest_of(
    window: Window, times: list[datetime], newest: datetime | None, new: bool
) -> list[Window]:
    """The parts of a window that its full page may have left out; each is smaller than it."""
    if not times:
        raise WalkError("a full page of raw snapshots without capture times")
    low, high = min(times), max(times)
    if not new and window.misses(low, high):
        raise WalkError("the provider serves the same raw snapshots whatever window is asked")
    if high - low <= _WIDENED:
        return _around(window, low, high)
    if not _in_order(times):  # then it need not be one stretch of time either
        middle = low + (high - low) / 2
        return [replace(window, end=middle), replace(window, start=middle)]
    top, rest = window.end or newest, []
    if window.start is None or low > window.start + _WIDENED:
        rest.append(replace(window, end=low))
    if top is None or high < top - _WIDENED:
        rest.append(replace(window, start=high))
    return rest


def _in_order(times: list[datetime]) -> bool:
    steps = list(pairwise(times))
    return all(a >= b for a, b in steps) or all(a <= b for a, b in steps)


def _around(window: Window, low: datetime, high: datetime) -> list[Window]:
    """A full page at one moment: that moment source by source, and both sides of it."""
    if window.source:
        raise WalkError(
            f"{RAW_LIMIT} or more raw snapshots of {window.source} at {low.isoformat()}:"
            " the provider offers no way to the rest",
            code="truncated_at_source",
        )
    older, newer = low - _WIDENED, high + _WIDENED
    apart = [Window(older, newer, source) for source in SOURCES]
    if window.start is None or window.start < older:
        apart.append(Window(window.start, older))
    if window.end is None or window.end > newer:
        apart.append(Window(newer, window.end))
    return apart


def captures(page: Sequence[Row]) -> list[datetime]:
    """Capture times in the page's order; rows without a readable one are left out."""
    times = []
    for row in page:
        try:
            times.append(timestamp(first(row, *CAPTURED)))
        except Unusable:
            continue
    return times


def row_id(row: Any) -> str:
    """The snapshot's id; a row without one, which will be rejected, is told from others by what it
    says."""
    found = identifier(row, "id", "snapshot_id")
    return found if found is not None else f"nameless {row!r}"
