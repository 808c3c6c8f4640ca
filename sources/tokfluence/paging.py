"""Walks over pages whose cursor counts the rows to skip.

Rows that come or go while paging shift the rest: the distinct rows must be as many as the provider
counts, else the list is walked once more. Each page costs, so a walk that repeats itself stops at
the first repetition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ..http.errors import WalkError
from ..http.pagination import Listing

Row = dict[str, Any]


@dataclass(frozen=True)
class CursorPage:
    """One page; `next_cursor` None: the last one. `total` None: not stated; `total_unread`: stated,
    and no whole number."""

    rows: list[Row]
    total: int | None
    next_cursor: int | None
    total_unread: bool = False


Ask = Callable[[int], Awaitable[CursorPage]]
Identify = Callable[[Any], str | None]


@dataclass
class CursorWalk:
    """One pass over the pages. `rows` and `nameless`, those without an id, are what was read so
    far and `cursor` where to go on, also when the walk broke off; `cursor` None: it came to its
    end."""

    identify: Identify
    cursor: int | None = 0
    rows: dict[str, Row] = field(default_factory=dict)
    nameless: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    total_unread: bool = False

    @property
    def found(self) -> int:
        """How many rows were served."""
        return len(self.rows) + len(self.nameless)

    @property
    def every_row(self) -> list[Any]:
        return [*self.rows.values(), *self.nameless.values()]

    async def run(self, ask: Ask) -> None:
        """Walk to the end. Raises WalkError for a walk that has none."""
        while self.cursor is not None:
            self._take(await ask(self.cursor), self.cursor)

    def _take(self, page: CursorPage, asked: int) -> None:
        before = self.found
        for row in page.rows:
            key = self.identify(row)
            if key is None:  # told from the others by what it says
                self.nameless[repr(row)] = row
            else:
                self.rows[key] = row
        self.total = page.total if page.total is not None else self.total
        self.total_unread |= page.total_unread
        if page.next_cursor is not None:
            self._check(page.next_cursor, asked, news=self.found > before)
        self.cursor = page.next_cursor

    def _check(self, cursor: int, asked: int, *, news: bool) -> None:
        if cursor <= asked:
            raise WalkError(f"cursor {asked} leads to cursor {cursor}", code="cursor_repeated")
        if not news:
            raise WalkError(f"the page at cursor {asked} brings no new row", code="page_repeated")
        if self.total is not None and self.found > self.total:
            said = f"{self.found} rows, and more to come, of a total of {self.total}"
            raise WalkError(said, code="too_many_rows")


async def walk_proven(walk: CursorWalk, ask: Ask, known: frozenset[str] = frozenset()) -> Listing:
    """Walk to the end, and once more when the rows are not as many as the provider counts.

    `known`: ids read earlier, by a walk that this one goes on with. Returns the listing: `ended`
    tells whether the last walk was as long as its total, `rows` are those of both walks. Raises
    WalkError; what was read until then stands in `walk`.
    """
    await walk.run(ask)
    ended = len(walk.rows.keys() | known) + len(walk.nameless) == walk.total
    if walk.total is not None and not ended:
        again = CursorWalk(walk.identify)
        await again.run(ask)
        walk.rows, walk.nameless = walk.rows | again.rows, walk.nameless | again.nameless
        walk.total, walk.total_unread = again.total, again.total_unread
        ended = again.found == again.total
    return Listing(
        rows=walk.rows,
        total=walk.total,
        ended=ended,
        nameless=list(walk.nameless.values()),
        total_unread=walk.total_unread,
    )
