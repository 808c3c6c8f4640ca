"""Which of several workers an account belongs to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from ..http.rate_limit import RateLimit

_TEXT = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True)
class Shard:
    """Worker `index` of `count`, counted from 0. An account keeps its shard as long as `count`
    stays: the hash is of its id alone, the same on every machine and in every version."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ValueError(f"there is no shard {self.index} of {self.count}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`0/8` is the first of eight. Raises ValueError."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a shard")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def leads(self) -> bool:
        """The first shard also does what is about the whole portfolio and not one account."""
        return self.index == 0

    @property
    def share(self) -> float:
        """Its part of a key's request rate."""
        return 1 / self.count

    def mine(self, account_id: str) -> bool:
        """Whether the account is this worker's."""
        digest = hashlib.blake2b(account_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index


def rate_of_key(
    name: str, wanted: float | None, otherwise: float, shard: Shard | None
) -> RateLimit:
    """The rate limit of one key: `wanted` requests a minute and never more or, when nobody said,
    `otherwise` as the provider corrects it. `name` is the key's own; a shard has its share."""
    return RateLimit(
        wanted or otherwise,
        key=name,
        ceiling=wanted is not None,
        shard=(shard.index, shard.count) if shard else (0, 1),
    )
