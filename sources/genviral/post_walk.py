"""All posts of a target, though no request may have an offset above 10,000.

Pages of the oldest first: what is published meanwhile comes at the end and shifts nothing. Where
the offsets end, the walk goes on in a window of days that begins with the day it got to, past what
it has of that day. Distinct ids have to equal `totalCount`; posts of one moment may change places
between two pages, so else all is read again, and what the walks found together is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any

from ..http.pagination import Listing
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .client import MAX_OFFSET, PAGE, PostPage, Window

Row = dict[str, Any]
Ask = Callable[[Window, int], Awaitable[PostPage]]

POST_ID = ("analyticsId", "analytics_id", "id")
_MAX_WALKS = 3
_A_DAY = timedelta(days=1)
_OVERLAP = 5  # posts read again where a window goes on, should the count of a day be a little off


@dataclass
class PostListing(Listing):
    """The posts of a target; `why` says what stands against the end of the walk."""

    why: str = ""

    def published_since(self, day: date) -> int:
        """How many of the rows; one without a readable time is not among them."""
        days = (_day(row) for row in (*self.rows.values(), *self.nameless))
        return sum(published is not None and published >= day for published in days)


async def walk_posts(ask: Ask, window: Window, today: date) -> PostListing:
    """Walk until the listing is as long as its total, three times at most."""
    listing, nameless, total_before = PostListing(), dict[str, Row](), None
    for attempt in range(_MAX_WALKS):
        walk = _Walk(ask, today, careful=attempt > 0)
        await walk.run(window)
        if walk.total != total_before:  # another list: what earlier walks found may be gone
            listing, nameless = PostListing(), {}
        listing.rows |= walk.rows
        nameless |= walk.nameless
        listing.nameless = list(nameless.values())
        listing.total, total_before = walk.total, walk.total
        listing.total_unread = walk.total_unread
        listing.why = walk.why or _difference(listing)
        if not walk.why and listing.found == listing.total:
            listing.ended = True
            return listing
    return listing


def _difference(listing: PostListing) -> str:
    if listing.total is None:
        return "the provider states no total"
    return f"{listing.found} distinct posts where the provider counts {listing.total}"


@dataclass
class _Walk:
    """One pass. `total` is what the provider stated first and for everything that was asked.
    `careful`: that days are cut in UTC, as assumed, is not relied on."""

    ask: Ask
    today: date
    careful: bool
    rows: dict[str, Row] = field(default_factory=dict)
    nameless: dict[str, Row] = field(default_factory=dict)
    days: Counter[date] = field(default_factory=Counter)
    total: int | None = None
    total_unread: bool = False
    why: str = ""

    async def run(self, window: Window) -> None:
        offset = 0
        while await self._through(window, offset):
            further = self._further(window)
            if further is None:
                self.why = f"more than {MAX_OFFSET + PAGE:,} posts that no window of days separates"
                return
            window, offset = further

    async def _through(self, window: Window, offset: int) -> bool:
        """Walk one window; whether the offsets ended before its posts did."""
        first_window, total, seen = self.total is None, None, set[str]()
        while offset <= MAX_OFFSET:
            page = await self.ask(window, offset)
            if total not in (None, page.total):
                self.why = f"the total changed from {total} to {page.total} while it was read"
            total = page.total
            self.total_unread |= page.total_unread
            self.total = total if first_window else self.total
            names = {self._take(row) for row in page.rows}
            offset += len(page.rows)
            more = page.more or (total is not None and offset < total)
            if names <= seen or not more:
                return False
            seen |= names
        return True

    def _take(self, row: Row) -> str:
        """Add a row; returns what it is known by."""
        if (key := identifier(row, *POST_ID)) is None:
            self.nameless[repr(row)] = row
            return repr(row)
        if key not in self.rows and (day := _day(row)) is not None:
            self.days[day] += 1
        self.rows[key] = row
        return key

    def _further(self, window: Window) -> tuple[Window, int] | None:
        """The window that goes on from the newest day seen, and the offset in it."""
        if not self.days:
            return None
        newest = max(self.days)
        days = (newest - _A_DAY, newest) if self.careful else (newest,)
        start = next((d for d in days if window.start is None or d > window.start), None)
        if start is None:
            return None
        known = 0 if self.careful else self.days[newest]
        return Window(start, max(self.today, start) + _A_DAY), max(0, known - _OVERLAP)


def _day(row: Row) -> date | None:
    try:
        return timestamp(first(row, "publishedAt", "published_at")).astimezone(UTC).date()
    except Unusable:
        return None
