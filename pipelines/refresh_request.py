"""What was asked of `social refresh` on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import refreshes
from .exits import usage

# Flags that only some providers know; the others mean the same everywhere.
_NOT_EVERYWHERE = ("posts", "missing", "max_accounts", "force")


@dataclass(frozen=True)
class RefreshRequest:
    """Which ones: `accounts`, `everything`, `posts` or `missing`, one of the four.

    `wait_seconds`: for the new figures; 0 does not wait. `agreed`: --yes was given. `watched`:
    somebody sits at the terminal. `max_credits`: None allows what is free.
    """

    provider: str
    accounts: Sequence[str] = ()
    everything: bool = False
    posts: Sequence[str] = ()
    missing: bool = False
    max_accounts: int | None = None
    max_credits: int | None = None
    force: bool = False
    wait_seconds: float = 0.0
    agreed: bool = False
    watched: bool = False
    target: str = "duckdb"

    def check(self) -> None:
        """Raises Stop (usage) for what contradicts itself."""
        known = refreshes.names()
        if self.provider not in known:
            raise usage(f"{self.provider!r} cannot be refreshed", f"Known: {', '.join(known)}.")
        takes = refreshes.get(self.provider).TAKES
        self._check_flags(takes)
        chosen = (self.accounts, self.everything, self.posts, self.missing)
        if sum(map(bool, chosen)) != 1:
            named = ["--accounts a,b", "--all"]
            named += [flag for flag in ("--posts a,b", "--missing") if flag[2:].split()[0] in takes]
            raise usage("which ones is not said", f"Give one of {', '.join(named)}.")

    def _check_flags(self, takes: frozenset[str]) -> None:
        for name in _NOT_EVERYWHERE:
            if getattr(self, name) not in (None, False, (), []) and name not in takes:
                flag = f"--{name.replace('_', '-')}"
                raise usage(f"{flag} means nothing to {self.provider}", "Leave it out.")
