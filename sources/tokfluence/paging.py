"""Walks over pages whose cursor counts the rows to skip.

Rows that come or go while paging shift the rest: the distinct ids must be as many as the provider
counts, else the list is walked once more. Each page costs, so a walk that repeats itself stops at
the first repetition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ..http.errors import WalkError

Row = dict[str, Any]


@dataclass(frozen=True)
class CursorPage:
    """One page; `next_cursor` None: the last one. `total` None: not stated."""

    rows: list[Row]
    total: int | None
    next_cursor: int | None


Ask = Callable[[int], Awaitable[CursorPage]]
Identify = Callable[[Any], str | None]


@dataclass
class CursorWalk:
    """One pass over the pages. `rows` are those read so far and `cursor` where to go on, also when
    the walk broke off; `cursor` None: it came to its end."""

    identify: Identify
    cursor: int | None = 0
    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None

    async def run(self, ask: Ask) -> None:
        """Walk to the end. Raises WalkError for a walk that has none."""
        while self.cursor is not None:
            self._take(await ask(self.cursor), self.cursor)

    def _take(self, page: CursorPage, asked: int) -> None:
        before = len(self.rows)
        # A row without an id is told from the others by what it says.
        self.rows |= {self.identify(row) or f"nameless {row!r}": row for row in page.rows}
        self.total = page.total if page.total is not None else self.total
        if page.next_cursor is not None:
            self._check(page.next_cursor, asked, news=len(self.rows) > before)
        self.cursor = page.next_cursor

    def _check(self, cursor: int, asked: int, *, news: bool) -> None:
        if cursor <= asked:
            raise WalkError(f"cursor {asked} leads to cursor {cursor}", code="cursor_repeated")
        if not news:
            raise WalkError(f"the page at cursor {asked} brings no new row", code="page_repeated")
        if self.total is not None and len(self.rows) > self.total:
            found = f"{len(self.rows)} rows, and more to come, of a total of {self.total}"
            raise WalkError(found, code="too_many_rows")


_GRAVEST = ("moved_during_read", "unproven", "truncated_at_source", "proven")


def gravest(*statuses: str) -> str:
    """What several walks prove together."""
    return next((status for status in _GRAVEST if status in statuses), "proven")


async def walk_proven(walk: CursorWalk, ask: Ask, known: frozenset[str] = frozenset()) -> str:
    """Walk to the end, and once more when the ids are not as many as the provider counts.

    `known`: ids read earlier, by a walk that this one goes on with. Returns the status for
    `sync_completeness`. Raises WalkError; what was read until then stands in `walk`.
    """
    await walk.run(ask)
    if walk.total is None:
        return "unproven"
    if len(walk.rows.keys() | known) == walk.total:
        return "proven"
    again = CursorWalk(walk.identify)
    await again.run(ask)
    walk.rows, walk.total = walk.rows | again.rows, again.total
    return "proven" if len(again.rows) == again.total else "moved_during_read"
