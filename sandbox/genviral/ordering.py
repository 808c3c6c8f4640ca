"""Rows in the order that was asked for, kept from page to page."""

from collections.abc import Callable, Hashable
from typing import Final

from sandbox.genviral.target import Target
from sandbox.genviral.tracked import Tracked
from sandbox.genviral.tracker import Tracker
from sandbox.genviral.window import SORTS, Page, Window
from sandbox.world.chance import digest

_KEPT: Final = 64

Key = Callable[[Tracked], int]


class Orders:
    """Sorted lists of all rows of some targets, for as long as none of them was refreshed."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[list[list[Tracked]], list[Tracked]]] = {}

    def rows(self, tracker: Tracker, targets: list[Target], now: int, page: Page) -> list[Tracked]:
        """Every row of the targets, sorted; ties by id."""
        lists = [tracker.rows(target, now) for target in targets]
        where = (page.sort, page.descending, *map(id, lists))
        known = self._kept.get(where)
        if known is None:
            # The lists are kept too, so that no other list can have their identity.
            known = lists, _sorted(lists, page)
            self._keep(where, known)
        return known[1]

    def _keep(self, where: Hashable, found: tuple[list[list[Tracked]], list[Tracked]]) -> None:
        self._kept[where] = found
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]


def within(rows: list[Tracked], window: Window) -> list[Tracked]:
    """The rows published in the window."""
    if window.first is None and window.last is None:
        return rows
    return [row for row in rows if window.has(row.published_at)]


def cut(rows: list[Tracked], page: Page, salt: int | None) -> list[Tracked]:
    """One page. With a salt, rows that tie come in an order that depends on it."""
    low, high = page.offset, min(page.offset + page.limit, len(rows))
    if salt is None or low >= high:
        return rows[low:high]
    key = SORTS[page.sort]
    begin, end = _ties_before(rows, low, key), _ties_after(rows, high, key)
    sign = -1 if page.descending else 1
    mixed = sorted(
        rows[begin:end], key=lambda row: (sign * key(row), digest(salt, row.analytics_id))
    )
    return mixed[low - begin : high - begin]


def _sorted(lists: list[list[Tracked]], page: Page) -> list[Tracked]:
    key, sign = SORTS[page.sort], -1 if page.descending else 1
    rows = [row for one in lists for row in one]
    return sorted(rows, key=lambda row: (sign * key(row), row.analytics_id))


def _ties_before(rows: list[Tracked], at: int, key: Key) -> int:
    while at > 0 and key(rows[at - 1]) == key(rows[at]):
        at -= 1
    return at


def _ties_after(rows: list[Tracked], at: int, key: Key) -> int:
    while at < len(rows) and key(rows[at]) == key(rows[at - 1]):
        at += 1
    return at
