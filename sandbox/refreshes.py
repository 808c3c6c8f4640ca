"""Who was refreshed when: the dedupe windows (v2), the cooldown and the monthly quota (v1)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sandbox.world.chance import HOUR

CONNECTED_WINDOW: Final = 6 * HOUR
PUBLIC_WINDOW: Final = 24 * HOUR
V1_COOLDOWN: Final = 24 * HOUR


@dataclass(slots=True)
class RefreshBook:
    """One owner's refreshes, by the sandbox's clock. `version` moves with every change."""

    limit: int
    version: int = 0
    _last: dict[str, int] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def last(self, account_id: str) -> int | None:
        """When the account was refreshed last on demand."""
        return self._last.get(account_id)

    def next_at(self, account_id: str, window: int, now: int) -> int | None:
        """When a refresh is possible again, None when it is now."""
        last = self._last.get(account_id)
        return None if last is None or last + window <= now else last + window

    def used(self, now: int) -> int:
        """Refreshes of this calendar month (UTC)."""
        return self._used.get(_month(now), 0)

    def note(self, account_id: str, now: int) -> None:
        """The account is refreshed now, and the month's quota is one less."""
        self._last[account_id] = now
        self._used[_month(now)] = self.used(now) + 1
        self.version += 1

    def spend(self, used: int, now: int) -> None:
        """A test says how much of this month's quota is gone."""
        self._used[_month(now)] = used
        self.version += 1


def _month(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")
