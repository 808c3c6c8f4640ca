"""Walks over numbered pages, with the guards that make a walk end and be proven.

Page numbers over a list that moves lose and repeat rows. A list of one page is proven by its own
total. A longer one is believed when, besides, the walk before found the same ids and the total held
still: a row deleted and another added between two pages leave every total right and a row unread.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import BadBody, WalkError

Row = dict[str, Any]
Ask = Callable[[int], Awaitable["Page"]]
Identify = Callable[[Row], str | None]

MAX_WALKS = 3
MAX_PAGES = 10_000
_MAX_EMPTY_PAGES = 10
_WHOLE = re.compile(r"[0-9]{1,15}")


@dataclass
class Page:
    """One page as the provider sent it; `total` is None where it stated none."""

    rows: list[Row]
    page: int
    per_page: int
    total: int | None
    total_pages: int | None

    @property
    def last(self) -> int | None:
        """The number of the last page, None where nothing tells."""
        if self.total_pages is not None or self.total is None:
            return self.total_pages
        return -(-self.total // self.per_page)


@dataclass
class Listing:
    """Distinct rows by id. `complete` says that nothing the provider lists is missing.

    `nameless` are rows without an id: they count, and are to be rejected, not lost.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None
    complete: bool = False
    nameless: list[Row] = field(default_factory=list)


def read_page(body: Any, rows: list[Row], asked_page: int, asked_size: int) -> Page:
    """Page numbers and totals as the body states them; what was asked where it is silent."""
    stated = _pagination(body)
    return Page(
        rows=rows,
        page=_count(stated.get("page")) or asked_page,
        per_page=_count(stated.get("per_page")) or asked_size,
        total=_count(stated.get("total")),
        total_pages=_count(stated.get("total_pages")),
    )


def _pagination(body: Any) -> Row:
    places = (body, body.get("data")) if isinstance(body, dict) else ()
    found = (place.get("pagination") for place in places if isinstance(place, dict))
    return next((stated for stated in found if isinstance(stated, dict)), {})


def _count(value: Any) -> int | None:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


async def walk_pages(ask: Ask, identify: Identify, *, twice: bool = True) -> Listing:
    """Walk until the list is proven, three times at most.

    Over several pages a row that goes and one that comes between two requests cancel out in the
    total; two walks that agree exclude it. `twice=False` saves that where the list is read again
    soon and nothing is concluded from one reading.

    Returns the rows of all walks with `complete=False` when it never was: the caller keeps them and
    must not conclude anything from what is absent. Raises WalkError for a list without end.
    """
    listing, before = Listing(), None
    for _ in range(MAX_WALKS):
        walk = _Walk(identify)
        await walk.run(ask)
        listing.rows.update(walk.rows)
        listing.total, listing.nameless = walk.total, list(walk.nameless.values())
        if walk.proven_by(before, twice):
            listing.complete, listing.rows = True, walk.rows
            return listing
        before = walk
    return listing


@dataclass
class _Walk:
    """One pass over the pages: what it found, and what the pages stated meanwhile."""

    identify: Identify
    rows: dict[str, Row] = field(default_factory=dict)
    nameless: dict[str, Row] = field(default_factory=dict)
    totals: set[int | None] = field(default_factory=set)
    total: int | None = None
    pages: int = 0
    ended: bool = False

    async def run(self, ask: Ask) -> None:
        empty = 0
        while self.pages < MAX_PAGES:
            page = await ask(self.pages + 1)
            self.pages += 1
            new = self._take(page)
            self.ended = self._ends_with(page, new)
            empty = 0 if page.rows else empty + 1
            if self.ended or self._stuck(page, new) or empty >= _MAX_EMPTY_PAGES:
                return
        raise WalkError(f"more than {MAX_PAGES} pages", code="too_many_pages")

    @property
    def found(self) -> int:
        return len(self.rows) + len(self.nameless)

    def _take(self, page: Page) -> bool:
        """Add a page; False when it brought nothing new."""
        before = self.found
        self.total = page.total
        self.totals.add(page.total)
        for row in page.rows:
            key = self.identify(row)
            if key is None:
                self.nameless[repr(row)] = row
            else:
                self.rows[key] = row
        return self.found > before

    def _ends_with(self, page: Page, new: bool) -> bool:
        """Whether all that is stated has been reached; where nothing is, a page without news."""
        if page.last is None:
            return not new
        return self.pages >= page.last and (page.total is None or self.found >= page.total)

    def _stuck(self, page: Page, new: bool) -> bool:
        """A page number that was clamped, a page served again, or an empty one past the end."""
        if page.rows:
            return not new or page.page != self.pages
        return page.last is not None and self.pages >= page.last

    def proven_by(self, before: _Walk | None, twice: bool) -> bool:
        if not self.ended or len(self.totals) > 1 or self.total not in (None, self.found):
            return False
        if self.total is not None and (self.pages == 1 or not twice):
            return True
        return before is not None and self._ids() == before._ids()

    def _ids(self) -> tuple[set[str], set[str]]:
        return set(self.rows), set(self.nameless)


def rows_of(body: Any, *names: str) -> list[Row]:
    """The rows of a list answer: a bare list, or under `data` or one of the names.

    Raises BadBody when the body holds no list there: an empty answer is believed only when it is a
    well-formed empty answer.
    """
    rows = body
    if isinstance(body, dict):
        rows = next((body[name] for name in ("data", *names) if name in body), None)
        if isinstance(rows, dict):
            rows = next((rows[name] for name in names if name in rows), None)
    if not isinstance(rows, list):
        raise BadBody("a list answer without a list of rows", code="envelope_invalid")
    return rows
