"""TokPortal's accounts in a refresh: what can-refresh said of each, and what may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sources.http.errors import ProviderError, Retriable
from sources.tokportal.actions import Availability

from ..refresh_plan import Row, counted, cut, instant, longest_unmeasured_first

# TokPortal lists no price for a refresh in any credit table.
CREDITS_DOCUMENTED = 0


@dataclass
class AccountRefresh(Row):
    """One account, by its id. Times are UTC."""

    next_refresh_at: datetime | None = None
    captured_before: datetime | None = None
    captured_after: datetime | None = None
    quota_limit: int | None = None
    quota_used: int | None = None
    _before: Availability = field(default_factory=lambda: Availability(None))

    @classmethod
    def missing(cls, account_id: str) -> Self:
        return cls(account_id, outcome="refused", message="no key lists this account")

    @property
    def quota_left(self) -> int | None:
        return self._before.quota_left

    def heard(self, said: Availability, *, force: bool) -> None:
        """What can-refresh said. `force` overlooks a cooldown, never a quota."""
        self._before, self.next_refresh_at = said, said.next_refresh_at
        self.quota_limit, self.quota_used = said.quota_limit, said.quota_used
        waits = said.next_refresh_at is not None
        if said.quota_left == 0:
            self.outcome = "quota"
        elif said.allowed or (force and (waits or said.allowed is None)):
            self.outcome = "ready"
        elif waits:
            self.outcome = "cooldown"
        else:
            unsaid = "the provider does not say whether it may be refreshed"
            barred = "the provider does not allow it (banned, detached, or coverage has ended)"
            self.end("refused", unsaid if said.allowed is None else barred)

    def refused(self, error: ProviderError) -> None:
        """can-refresh, or the refresh itself, brought an error instead of an answer."""
        self.end("not_asked" if isinstance(error, Retriable) else "refused", error.message)

    def has_moved(self, now: Availability) -> bool:
        """Whether a refresh was counted since can-refresh was asked first."""
        if now.allowed is not False or now.next_refresh_at is None:
            return False
        return bool(self._before.allowed) or now.next_refresh_at != self._before.next_refresh_at

    def saw(self, captured_at: datetime | None) -> None:
        """The newest capture there is. `refreshed` says that what is there was fresh enough."""
        if captured_at and (self.captured_before is None or captured_at > self.captured_before):
            self.outcome, self.captured_after = "captured", captured_at
        elif self.status == "refreshed":
            self.outcome = "fresh"

    def detail(self) -> str:
        when = f"until {self.next_refresh_at:%Y-%m-%d %H:%M}Z" if self.next_refresh_at else ""
        captured = f"captured {self.captured_after:%Y-%m-%d %H:%M:%S}Z" * bool(self.captured_after)
        known = {
            "cooldown": when,
            "captured": captured,
            "asked": self.status or "",
            "fresh": "nothing newer to measure",
            "over_limit": "--max-accounts",
        }
        return known.get(self.outcome) or self.message

    def as_json(self) -> dict[str, Any]:
        times = ("next_refresh_at", "captured_before", "captured_after")
        said = {name: instant(getattr(self, name)) for name in times}
        return {"account_id": self.name, **super().as_json(), **said}


class Plan:
    """What would be sent: at most `max_accounts`, and no more than the quota has left."""

    def __init__(self, rows: Sequence[AccountRefresh], max_accounts: int | None) -> None:
        self.rows = rows
        self._quotas: dict[str | None, AccountRefresh] = {}  # of each key, the row that has least
        for row in rows:
            least = self._quotas.get(row.tenant, row)
            if row.quota_left is not None and row.quota_left <= (least.quota_left or 0):
                self._quotas[row.tenant] = row
        for tenant, row in self._quotas.items():
            limited = [r for r in self._ready if r.tenant == tenant and r.quota_left is not None]
            cut(limited, "quota", row.quota_left)
        cut(self._ready, "over_limit", max_accounts)

    @property
    def _ready(self) -> list[AccountRefresh]:
        ready = (row for row in self.rows if row.outcome == "ready")
        return longest_unmeasured_first(ready, lambda row: row.captured_before)

    def sentence(self) -> str:
        """Count, price and quota, before anything is sent."""
        parts = [
            counted(self.rows, "accounts"),
            f"{CREDITS_DOCUMENTED} credits documented",
            *(
                f"{row.quota_left} of {row.quota_limit} refreshes left this month"
                for row in self._quotas.values()
            ),
        ]
        return "; ".join(parts)
