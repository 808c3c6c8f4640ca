"""The key on every request, and one second look at the secret when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from .errors import CredentialsRefused
from .redaction import fingerprint, register


@dataclass
class HeaderAuth:
    """A key in a header. `reread` returns the secret as it is now (a rotated key is found there).

    Raises CredentialsRefused for a key that no header can carry.
    """

    header: str
    key: str = field(repr=False)
    prefix: str = ""
    reread: Callable[[], str | None] | None = field(default=None, repr=False)
    _refused: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._use(self.key)

    def _use(self, key: str) -> None:
        register(key)
        self.key = key.strip()
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise CredentialsRefused("the key is empty, or holds what a header cannot carry")
        register(self.key)

    def headers(self) -> dict[str, str]:
        return {self.header: self.prefix + self.key}

    def rotated(self, sent: dict[str, str]) -> bool:
        """Whether there is another key than the refused one; the secret is read once for it."""
        if self.headers() == sent and self._refused != self.key:
            self._refused = self.key
            if fresh := self._fresh():
                self._use(fresh)
        return self.headers() != sent

    def _fresh(self) -> str | None:
        with suppress(Exception):  # a secret that cannot be read is no new key
            return self.reread() if self.reread else None
        return None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)
