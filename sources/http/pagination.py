"""Walks over numbered pages, with the guards that make a walk end and be proven.

Page numbers over a list that moves lose and repeat rows. A list of one page is proven by its own
total. A longer one is believed when, besides, the walk before found the same ids and the total held
still: a row deleted and another added between two pages leave every total right and a row unread.
A row without an id, or a total that cannot be read, leaves open which rows are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import BadBody, WalkError

Row = dict[str, Any]
Ask = Callable[[int], Awaitable["Page"]]
Identify = Callable[[Any], str | None]

MAX_WALKS = 3
MAX_PAGES = 10_000
_MAX_EMPTY_PAGES = 10
_WHOLE = re.compile(r"([0-9]{1,15})(\.0+)?")
_TOTALS = ("total", "totalCount", "total_count")


@dataclass
class Page:
    """One page as the provider sent it; `total` is None where it stated none. `total_unread`: it
    stated one that is no whole number."""

    rows: list[Row]
    page: int
    per_page: int
    total: int | None
    total_pages: int | None
    total_unread: bool = False

    @property
    def last(self) -> int | None:
        """The number of the last page, None where nothing tells."""
        if self.total_pages is not None or self.total is None:
            return self.total_pages
        return -(-self.total // self.per_page)


@dataclass
class Listing:
    """Distinct rows by id. `ended`: the list was read to its end, and is as long as its total says.

    `nameless` are rows without an id: they count, and are to be rejected, not lost.
    `total_unread`: a total is stated that is no whole number.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None
    ended: bool = False
    nameless: list[Row] = field(default_factory=list)
    total_unread: bool = False

    @property
    def found(self) -> int:
        """How many rows were served."""
        return len(self.rows) + len(self.nameless)

    @property
    def complete(self) -> bool:
        """Whether an id that is not among the rows is not listed."""
        return self.ended and not self.nameless and not self.total_unread


def read_page(body: Any, rows: list[Row], asked_page: int, asked_size: int) -> Page:
    """Page numbers and totals as the body states them; what was asked where it is silent."""
    stated = _pagination(body)
    return Page(
        rows=rows,
        page=whole(stated.get("page")) or asked_page,
        per_page=whole(stated.get("per_page")) or asked_size,
        total=whole(stated.get("total")),
        total_pages=whole(stated.get("total_pages")),
        total_unread=stated.get("total") is not None and whole(stated["total"]) is None,
    )


def read_whole_list(body: Any, rows: list[Row], identify: Identify) -> Listing:
    """A list that comes in one answer, compared with a total where the answer states one."""
    listing = Listing()
    for row in rows:
        key = identify(row)
        if key is None:
            listing.nameless.append(row)
        else:
            listing.rows[key] = row
    said = stated_total(body)
    listing.total = whole(said)
    listing.total_unread = said is not None and listing.total is None
    listing.ended = listing.total in (None, listing.found)
    return listing


def stated_total(body: Any) -> Any:
    """How many rows an answer says there are, as it says it; None where it does not say."""
    outer = [body, body.get("data")] if isinstance(body, dict) else []
    places = [place for place in outer if isinstance(place, dict)]
    inner = [place.get(name) for place in places for name in ("pagination", "summary", "meta")]
    for place in (*(place for place in inner if isinstance(place, dict)), *places):
        for name in _TOTALS:
            if place.get(name) is not None:
                return place[name]
    return None


def _pagination(body: Any) -> Row:
    places = (body, body.get("data")) if isinstance(body, dict) else ()
    found = (place.get("pagination") for place in places if isinstance(place, dict))
    return next((stated for stated in found if isinstance(stated, dict)), {})


def whole(value: Any) -> int | None:
    """A count, also as text or as 12.0; None for anything else."""
    if isinstance(value, str) and (match := _WHOLE.fullmatch(value)):
        return int(match[1])
    if isinstance(value, float) and 0 <= value < 1e15 and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


async def walk_pages(ask: Ask, identify: Identify, *, twice: bool = True) -> Listing:
    """Walk until the list is proven, three times at most.

    Over several pages a row that goes and one that comes between two requests cancel out in the
    total; two walks that agree exclude it. `twice=False` saves that where the list is read again
    soon and nothing is concluded from one reading.

    Returns the rows of all walks with `ended=False` when it never was: the caller keeps them and
    must not conclude anything from what is absent. Raises WalkError for a list without end.
    """
    listing, before = Listing(), None
    for _ in range(MAX_WALKS):
        walk = _Walk(identify)
        await walk.run(ask)
        listing.rows.update(walk.rows)
        listing.total, listing.nameless = walk.total, list(walk.nameless.values())
        listing.total_unread = walk.total_unread
        if walk.proven_by(before, twice):
            listing.ended, listing.rows = True, walk.rows
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
    total_unread: bool = False
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
        self.total_unread |= page.total_unread
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
