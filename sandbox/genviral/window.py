"""Which rows a page is about, and in which order they come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.genviral.tracked import Tracked

SORTS: Final[dict[str, Callable[[Tracked], int]]] = {
    "published_at": lambda row: row.published_at,
    "views": lambda row: -1 if row.views is None else row.views,
    "likes": lambda row: -1 if row.likes is None else row.likes,
    "comments": lambda row: -1 if row.comments is None else row.comments,
    "shares": lambda row: -1 if row.shares is None else row.shares,
}


@dataclass(frozen=True, slots=True)
class Window:
    """Moments in epoch seconds, the first included and the last not; None is open."""

    first: int | None
    last: int | None

    def has(self, t: int) -> bool:
        """Whether a moment lies in it."""
        return (self.first is None or self.first <= t) and (self.last is None or t < self.last)

    def before(self) -> "Window | None":
        """The equal period before it, None where it is open."""
        if self.first is None or self.last is None:
            return None
        return Window(2 * self.first - self.last, self.first)


@dataclass(frozen=True, slots=True)
class Page:
    """The order and the part of it that is asked for."""

    sort: str
    descending: bool
    limit: int
    offset: int
