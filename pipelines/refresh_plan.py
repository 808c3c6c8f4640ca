"""What `social refresh` found out about each account, what it would do, and how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sources.http.errors import CredentialsRefused, Fatal, ProviderError, Retriable, TryLater
from sources.tokportal.actions import Availability

from .exits import Exit, gravest

# TokPortal lists no price for a refresh in any credit table.
CREDITS_DOCUMENTED = 0
_ONLY_TIME_HELPS = frozenset({"cooldown", "quota", "unknown", "not_asked"})


@dataclass
class AccountRefresh:
    """One account. `outcome` goes from `new` to `ready` to `asked` to `captured`, or ends at:

    `cooldown`, `quota`: not yet; `over_limit`: beyond --max-accounts; `refused`: not at all;
    `unknown`: the answer was lost and nothing tells what became of it; `not_asked`: the key failed.
    Times are UTC. `sent`: the POST left.
    """

    account_id: str
    tenant: str | None = None
    outcome: str = "new"
    status: str | None = None
    message: str = ""
    next_refresh_at: datetime | None = None
    captured_before: datetime | None = None
    captured_after: datetime | None = None
    sent: bool = False
    quota_limit: int | None = None
    quota_used: int | None = None
    _before: Availability = field(default_factory=lambda: Availability(None))

    @classmethod
    def missing(cls, account_id: str) -> Self:
        return cls(account_id, outcome="refused", message="no key lists this account")

    @property
    def quota_left(self) -> int | None:
        return self._before.quota_left

    @property
    def pending(self) -> bool:
        """A new capture is still awaited."""
        return self.outcome == "asked"

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
            self.outcome = "refused"
            unsaid = "the provider does not say whether it may be refreshed"
            barred = "the provider does not allow it (banned, detached, or coverage has ended)"
            self.message = unsaid if said.allowed is None else barred

    def refused(self, error: ProviderError) -> None:
        """can-refresh, or the refresh itself, brought an error instead of an answer."""
        self.outcome = "not_asked" if isinstance(error, Retriable) else "refused"
        self.message = error.message

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
        """What a person wants to know besides the outcome."""
        when = f"until {self.next_refresh_at:%Y-%m-%d %H:%M}Z" if self.next_refresh_at else ""
        known = {
            "cooldown": when,
            "captured": f"captured {self.captured_after:%Y-%m-%d %H:%M:%S}Z"
            if self.captured_after
            else "",
            "asked": self.status or "",
            "fresh": "nothing newer to measure",
            "over_limit": "--max-accounts",
        }
        return known.get(self.outcome) or self.message

    def as_json(self) -> dict[str, Any]:
        times = ("next_refresh_at", "captured_before", "captured_after")
        said = {name: getattr(self, name) for name in times}
        return {
            "account_id": self.account_id,
            "tenant": self.tenant,
            "outcome": self.outcome,
            "status": self.status,
            "sent": self.sent,
            "message": self.message or None,
            **{name: moment.isoformat() if moment else None for name, moment in said.items()},
        }


class Plan:
    """What would be sent: at most `max_accounts`, and no more than the quota has left."""

    def __init__(self, rows: list[AccountRefresh], max_accounts: int | None) -> None:
        self.rows = rows
        self._quotas: dict[str | None, AccountRefresh] = {}  # of each key, the row that has least
        for row in rows:
            least = self._quotas.get(row.tenant, row)
            if row.quota_left is not None and row.quota_left <= (least.quota_left or 0):
                self._quotas[row.tenant] = row
        for tenant, row in self._quotas.items():
            limited = [r for r in self.ready if r.tenant == tenant and r.quota_left is not None]
            self._cut("quota", limited, row.quota_left)
        self._cut("over_limit", self.ready, max_accounts)

    @property
    def ready(self) -> list[AccountRefresh]:
        return [row for row in self.rows if row.outcome == "ready"]

    def _cut(self, outcome: str, rows: list[AccountRefresh], budget: int | None) -> None:
        if budget is not None:
            for row in rows[budget:]:
                row.outcome = outcome

    def sentence(self) -> str:
        """Count, price and quota, before anything is sent."""
        others = Counter(row.outcome for row in self.rows if row.outcome != "ready")
        held_back = ", ".join(f"{count} {outcome}" for outcome, count in sorted(others.items()))
        parts = [
            f"{len(self.ready)} of {len(self.rows)} accounts to refresh"
            + (f" ({held_back})" if held_back else ""),
            f"{CREDITS_DOCUMENTED} credits documented",
            *(
                f"{row.quota_left} of {row.quota_limit} refreshes left this month"
                for row in self._quotas.values()
            ),
        ]
        return "; ".join(parts)


@dataclass
class RefreshResult:
    """How it ended. `fatal`: keys with which nothing more could be asked."""

    rows: list[AccountRefresh]
    fatal: list[Fatal]

    @property
    def done(self) -> list[str]:
        """Accounts with something new, now or shortly."""
        fine = ("asked", "captured", "fresh")
        return [row.account_id for row in self.rows if row.outcome in fine]

    def exit_code(self, *, waited: bool) -> Exit:
        """0 done; 3 some refused; 4 key; 5 when only time helps, also an unseen capture."""
        codes = [judge(error)[0] for error in self.fatal]
        open_ = [row for row in self.rows if row.account_id not in self.done]
        held_back = [row for row in open_ if row.outcome != "over_limit"]
        if held_back and not self.done and {r.outcome for r in held_back} <= _ONLY_TIME_HELPS:
            codes.append(Exit.TRY_LATER)
        elif held_back:
            codes.append(Exit.PARTIAL)
        if waited and any(row.pending for row in self.rows):
            codes.append(Exit.TRY_LATER)
        return gravest(codes)

    def as_json(self, code: Exit) -> dict[str, Any]:
        limits = [row for row in self.rows if row.quota_limit is not None]
        quota = {"limit": limits[0].quota_limit, "used": limits[0].quota_used} if limits else None
        return {
            "command": "refresh",
            "provider": "tokportal",
            "exit_code": int(code),
            "credits_documented": CREDITS_DOCUMENTED,
            "monthly_quota_before": quota,
            "posts_sent": sum(row.sent for row in self.rows),
            "accounts": [row.as_json() for row in self.rows],
            "errors": [{"code": error.code, "message": error.message} for error in self.fatal],
            "next": self.next_command(),
        }

    def next_command(self) -> str | None:
        return f"social sync --accounts {','.join(self.done)}" if self.done else None

    def last_line(self) -> str:
        counts = Counter(row.outcome for row in self.rows)
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no account"
        if self.fatal:
            return f"{said}. {self.fatal[0].message}. {self.fatal[0].remedy}"
        unknown = " A refresh whose answer was lost is not sent again." if counts["unknown"] else ""
        following = f" Next: {self.next_command()}" if self.done else ""
        return f"{said}.{unknown}{following}"


def judge(error: ProviderError) -> tuple[Exit, str, str]:
    """Exit code, message and remedy of an error that ends an acting command."""
    if isinstance(error, CredentialsRefused):
        return Exit.CREDENTIALS, error.message, error.remedy
    if isinstance(error, TryLater | Retriable):
        return Exit.TRY_LATER, error.message, error.remedy
    return Exit.PARTIAL, error.message, error.remedy
