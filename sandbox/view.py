"""Who looks at the world, when, and at how much of it: where every table of the truth begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.owner import Owner
from sandbox.tokportal.plans import Plan
from sandbox.world.accounts import Account
from sandbox.world.posts import Post
from sandbox.world.world import World

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, when, and at how much of the world; the last three are about series alone.

    `final` shows each day with the value that it has after the last restatement.
    """

    owner: Owner
    now: int
    plan: Plan
    account_id: str | None = None
    include_removed: bool = False
    granularity: str = "day"
    mode: str = "cumulative"
    final: bool = False

    @property
    def world(self) -> World:
        """What the owner has."""
        return self.owner.world

    def accounts(self) -> list[Account]:
        """The portfolio, or the one account asked for."""
        everyone = self.world.accounts()
        return [a for a in everyone if self.account_id in (None, a.id)]

    def analysed(self) -> list[Account]:
        """Those of them that have analytics of the newer generation."""
        return [one for one in self.accounts() if self.world.has_v2(one, self.now)]

    def older(self) -> list[Account]:
        """Those of them whose analytics are of the older generation."""
        found = [one for one in self.accounts() if self.world.is_v1(one, self.now)]
        return [account for account in found if account.has_analytics(self.now)]

    def posts(self) -> Iterator[tuple[Account, Post]]:
        """Every post of the newer generation in reach, with its account."""
        yield from self._posts_of(self.analysed())

    def sampled_posts(self) -> Iterator[tuple[Account, Post]]:
        """The posts that are compared when a few are chosen."""
        chosen = self.world.sampled(self.accounts())
        yield from self._posts_of([one for one in chosen if self.world.has_v2(one, self.now)])

    def older_posts(self) -> Iterator[tuple[Account, Post]]:
        """Every post of the older generation in reach, with its account."""
        yield from self._posts_of(self.older())

    def _posts_of(self, accounts: list[Account]) -> Iterator[tuple[Account, Post]]:
        for account in accounts:
            listed = self.world.posts(account, self.now)[: self.plan.posts_listed]
            gone = self.world.removed_posts(account, self.now) if self.include_removed else []
            for post in (*listed, *gone):
                yield account, post

    def shows(self, name: str) -> bool:
        """Whether the plan shows a field."""
        return name not in self.plan.hidden

    def seen(self, row: Row) -> Row:
        """A row with None for what the plan hides."""
        return {name: value if self.shows(name) else None for name, value in row.items()}


def utc(t: int | None) -> str:
    """A moment as the tables write it."""
    moment = datetime.fromtimestamp(t or 0, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def utc_or_none(t: int | None) -> str | None:
    """A moment, or None where nothing has happened."""
    return None if t is None else utc(t)
