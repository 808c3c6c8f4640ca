"""Walks over numbered pages, with the guards that make a walk end and be proven.

Page numbers over a list that moves lose and repeat rows. A walk is believed only when the distinct
ids it found are as many as the provider's own total; otherwise it is walked again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import BadBody, WalkError

Row = dict[str, Any]
MAX_WALKS = 3


@dataclass
class Page:
    """One page as the provider sent it; `total` is None where it stated none."""

    rows: list[Row]
    page: int
    per_page: int
    total: int | None
    total_pages: int | None


@dataclass
class Listing:
    """Distinct rows by id. `complete` says that the provider's own total was reached."""

    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None
    complete: bool = False
    nameless: list[Row] = field(default_factory=list)


def read_page(body: Any, rows: list[Row], asked_page: int, asked_size: int) -> Page:
    """Page numbers and totals as the body states them, tolerantly; what was asked where it is silent."""
    stated = body.get("pagination") if isinstance(body, dict) else None
    stated = stated if isinstance(stated, dict) else {}
    return Page(
        rows=rows,
        page=_count(stated.get("page")) or asked_page,
        per_page=_count(stated.get("per_page")) or asked_size,
        total=_count(stated.get("total")),
        total_pages=_count(stated.get("total_pages")),
    )


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


async def walk_pages(
    ask: Callable[[int], Awaitable[Page]], identify: Callable[[Row], str | None]
) -> Listing:
    """Walk until the listing is as long as its own total, three times at most.

    Returns the last walk with `complete=False` when the total was never reached: the caller keeps
    the rows and must not conclude anything from what is absent.
    """
    listing = Listing()
    for _ in range(MAX_WALKS):
        again = await _walk_once(ask, identify)
        listing.rows.update(again.rows)
        listing.total, listing.nameless = again.total, again.nameless
        # A row without an id still counts: it is rejected, not lost.
        found = len(again.rows) + len(again.nameless)
        listing.complete = again.complete and (again.total is None or found == again.total)
        if listing.complete:
            listing.rows = again.rows
            return listing
    return listing


async def _walk_once(
    ask: Callable[[int], Awaitable[Page]], identify: Callable[[Row], str | None]
) -> Listing:
    listing, number = Listing(), 1
    while True:
        page = await ask(number)
        listing.total = page.total
        new = _take(page, listing, identify)
        if _is_last(page, number, listing):
            listing.complete = True
            return listing
        if not new:  # a server that clamps page numbers, or serves one page for ever
            return listing
        if page.total is not None and number > page.total + 1:
            raise WalkError(f"page {number} of a list of {page.total} rows", code="too_many_pages")
        number += 1


def _take(page: Page, listing: Listing, identify: Callable[[Row], str | None]) -> bool:
    before = len(listing.rows)
    for row in page.rows:
        key = identify(row)
        if key is None:
            listing.nameless.append(row)
        else:
            listing.rows[key] = row
    return len(listing.rows) > before


def _is_last(page: Page, number: int, listing: Listing) -> bool:
    if page.total_pages is not None:
        return number >= page.total_pages
    if page.total is not None:
        return len(listing.rows) + len(listing.nameless) >= page.total
    return len(page.rows) < page.per_page


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
