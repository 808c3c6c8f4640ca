"""Genviral's targets in a refresh: which are free today, and what the others may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sources.genviral.actions import CREDITS_ABOUT, Freshness, Refreshing, freshness
from sources.genviral.handles import normalized
from sources.landing.rows import first, identifier

from ..refresh_plan import Row, counted, cut, instant, longest_unmeasured_first

_NEEDS = "today's free refresh is spent; --max-credits allows a paid one"


@dataclass
class TargetRefresh(Row):
    """One target, by its id. `free`: its free refresh of the day is still there. Times are UTC.

    `credits` were used, as the provider says; where its answer was lost, about so many.
    """

    platform: str | None = None
    handle: str = ""
    free: bool = False
    credits: int = 0
    refresh_id: str | None = None
    refreshed_before: datetime | None = None
    refreshed_at: datetime | None = None

    @classmethod
    def listed(cls, raw: dict[str, Any], tenant: str) -> TargetRefresh | None:
        """A target of the listing; None for one without an id."""
        if (target_id := identifier(raw, "target_id", "id")) is None:
            return None
        said = freshness(raw)
        return cls(
            target_id,
            tenant,
            platform=first(raw, "platform"),
            handle=normalized(first(raw, "normalized_identifier", "identifier")),
            free=said.free is True,
            refreshed_before=said.refreshed_at,
        )

    def is_named(self, wanted: str) -> bool:
        """Whether an id or a handle, with or without @, means this target."""
        return wanted == self.name or (bool(self.handle) and normalized(wanted) == self.handle)

    def taken(self, said: Refreshing) -> None:
        """The provider took it: what it says of the refresh now."""
        self.refresh_id = said.refresh_id or self.refresh_id
        self.status = said.status
        if said.status == "failed":
            self.end("failed", said.error or "the provider does not say why")
        elif said.status == "completed":
            self.end("captured")
        else:
            self.end("asked")

    def saw(self, now: Freshness) -> None:
        """The target itself, where no refresh can be asked about. A listing that does not say when
        it was measured leaves the first look to compare with."""
        if self.refreshed_before is None:
            self.refreshed_before = now.refreshed_at
        elif now.refreshed_at and now.refreshed_at != self.refreshed_before:
            self.end("captured")
            self.refreshed_at = now.refreshed_at

    def detail(self) -> str:
        whose = f"{self.platform or 'unknown'} @{self.handle}" if self.handle else ""
        price = f"{self.credits} credit{'s' * (self.credits > 1)}" if self.credits else ""
        said = self.message or (self.status if self.outcome == "asked" else "")
        return ", ".join(filter(None, (whose, said, price)))

    def as_json(self) -> dict[str, Any]:
        return {
            "target_id": self.name,
            "platform": self.platform,
            "handle": self.handle or None,
            **super().as_json(),
            "free": self.free,
            "credits_used": self.credits,
            "refresh_id": self.refresh_id,
            "refreshed_before": instant(self.refreshed_before),
            "refreshed_at": instant(self.refreshed_at),
        }


@dataclass
class Plan:
    """What would be sent, and for how much. `left`: credits behind each key, None: not said."""

    rows: Sequence[TargetRefresh]
    left: dict[str, int | None]
    max_accounts: int | None
    max_credits: int | None

    def __post_init__(self) -> None:
        for row in self.rows:
            row.outcome = "ready" if row.outcome == "new" else row.outcome
        self._afford()
        free, paid = self.ready
        cut([*free, *paid], "over_limit", self.max_accounts, "--max-accounts")

    @property
    def ready(self) -> tuple[list[TargetRefresh], list[TargetRefresh]]:
        """The free ones, and those that cost; each the longest unmeasured first."""
        ready = longest_unmeasured_first(
            (row for row in self.rows if row.outcome == "ready"), lambda row: row.refreshed_before
        )
        return [row for row in ready if row.free], [row for row in ready if not row.free]

    def _afford(self) -> None:
        _, paid = self.ready
        if self.max_credits is None:
            cut(paid, "needs_budget", 0, _NEEDS)
            return
        for tenant, left in self.left.items():
            mine = [row for row in paid if row.tenant == tenant]
            affordable = None if left is None else left // CREDITS_ABOUT
            cut(mine, "no_credits", affordable, f"{left} credits are left")
        cut(self.ready[1], "over_budget", self.max_credits // CREDITS_ABOUT, "--max-credits")

    def sentence(self) -> str:
        """Count, price and credits left, before anything is sent."""
        free, paid = self.ready
        parts = [
            counted(self.rows, "targets"),
            f"{len(free)} free, {len(paid)} at about {CREDITS_ABOUT} credit each",
            *(_left(tenant, left, len(self.left)) for tenant, left in self.left.items()),
        ]
        if price := price_of(self.rows):
            parts.append(f"the others need about {price} credits: --max-credits {price}")
        return "; ".join(parts)


def price_of(rows: Sequence[Row]) -> int:
    """About what those would cost that need a budget."""
    return sum(row.outcome == "needs_budget" for row in rows) * CREDITS_ABOUT


def _left(tenant: str, left: int | None, keys: int) -> str:
    whose = f" with the key {tenant}" if keys > 1 else ""
    return f"{'an unknown number of' if left is None else left} credits left{whose}"
