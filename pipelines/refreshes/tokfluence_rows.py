"""Tokfluence's posts in an order: what each costs, and what the budget has room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sources.tokfluence.actions import CREDITS_PER_URL, MAX_URLS, Analysis
from sources.tokfluence.client import POSTS_SHOW

from ..refresh_plan import Row, counted
from .tokfluence_posts import Post

Figures = tuple[Any, ...]

_NOT_FOLLOWED = "no sync reads it: name it under [sources.tokfluence] post_urls"


@dataclass
class PostRefresh(Row):
    """One post, by its id, or what was named where that is none.

    `before`: its figures in the index before the order; None: not looked at, empty: not there.
    """

    post: Post | None = None
    before: Figures | None = None

    @classmethod
    def of(cls, post: Post, tenant: str) -> PostRefresh:
        return cls(post.post_id, tenant, post=post, before=() if post.missing else None)

    @property
    def url(self) -> str:
        return (self.post and self.post.address) or ""

    def price(self, *, watched: bool) -> int:
        """Credits: the order; while it is waited for, a look before (unless it is known not to be
        there) and at least one after."""
        looks = (0 if self.before == () else 1) + 1 if watched else 0
        return CREDITS_PER_URL + looks * POSTS_SHOW.price

    def heard(self, said: Analysis | None) -> None:
        """What the provider says became of it; the order as a whole was taken."""
        self.status = said.status if said else "unknown"
        self.end({"fresh": "fresh", "failed": "failed"}.get(self.status, "asked"))

    def saw(self, now: Figures) -> None:
        """Its figures in the index, empty where it is not there."""
        if now and now != self.before:
            self.end("captured")

    def detail(self) -> str:
        said = self.message or (self.status if self.outcome in ("asked", "failed") else "")
        stays = _NOT_FOLLOWED if self.done and self.post and not self.post.followed else ""
        return ", ".join(filter(None, (said, stays)))

    def as_json(self) -> dict[str, Any]:
        return {
            "post_id": self.post.post_id if self.post else None,
            "named": self.name,
            "url": self.url or None,
            **super().as_json(),
            "followed": bool(self.post and self.post.followed),
        }


@dataclass
class Plan:
    """What would be ordered, and for how much. `left`: credits that each key may still spend, None:
    not said. `watched`: the new figures are waited for."""

    rows: Sequence[PostRefresh]
    left: dict[str, int | None]
    max_credits: int | None
    watched: bool

    def __post_init__(self) -> None:
        wanted = [row for row in self.rows if row.outcome == "new"]
        self.price_of_all = sum(map(self._price, wanted))
        total, left = 0, dict(self.left)
        for row in wanted:
            price, mine = self._price(row), left.get(row.tenant or "")
            if self.max_credits is None:
                row.end("needs_budget", f"{price} credits")
            elif total + price > self.max_credits:
                row.end("over_budget", "--max-credits")
            elif mine is not None and price > mine:
                row.end("no_credits", f"{mine} credits are left")
            else:
                row.outcome, total = "ready", total + price
                left[row.tenant or ""] = None if mine is None else mine - price

    def _price(self, row: PostRefresh) -> int:
        return row.price(watched=self.watched)

    @property
    def ready(self) -> list[PostRefresh]:
        return [row for row in self.rows if row.outcome == "ready"]

    def sentence(self) -> str:
        """Count, price and credits left, before anything is sent."""
        looks = " and 1 for each look at it while waiting" if self.watched else ""
        parts = [
            counted(self.rows, "posts"),
            f"{sum(map(self._price, self.ready)):,} credits ({CREDITS_PER_URL} a post{looks})",
            *(_left(tenant, left, len(self.left)) for tenant, left in self.left.items()),
        ]
        if self.max_credits is None and self.price_of_all:
            parts.append(f"all of them: --max-credits {self.price_of_all}")
        return "; ".join(parts)


def _left(tenant: str, left: int | None, keys: int) -> str:
    whose = f" with the key {tenant}" if keys > 1 else ""
    return f"{'an unknown number of' if left is None else format(left, ',')} credits left{whose}"


def orders(rows: Iterable[PostRefresh]) -> Iterator[list[PostRefresh]]:
    """So many at once as one order may hold."""
    waiting = list(rows)
    for start in range(0, len(waiting), MAX_URLS):
        yield waiting[start : start + MAX_URLS]
