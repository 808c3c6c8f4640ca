"""The key on every request, and one second look at the secret when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .redaction import fingerprint, register


@dataclass
class HeaderAuth:
    """A key in a header. `reread` returns the secret as it is now (a rotated key is found there)."""

    header: str
    key: str = field(repr=False)
    prefix: str = ""
    reread: Callable[[], str | None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        register(self.key)

    def headers(self) -> dict[str, str]:
        return {self.header: self.prefix + self.key}

    def rotated(self) -> bool:
        """Read the secret once more; True when it has changed since."""
        fresh = self.reread() if self.reread else None
        if not fresh or fresh == self.key:
            return False
        self.key = fresh
        register(fresh)
        return True

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)
