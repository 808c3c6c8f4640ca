"""Keys: whose they are, which plan they are on, and the token bucket of each.

A bucket per key holds one minute's worth of requests and refills continuously, as
developers.tokportal.com/rate-limits has it; the other providers publish no more than a number.
"""

import math
import re
import time
from dataclasses import dataclass, field

ANY_PATH = ""

# A request already under way when a 429 is sent cannot know of it: loopback takes under this.
_IN_FLIGHT_SECONDS = 0.05


@dataclass(slots=True)
class Key:
    """One key's plan ("" where a provider has none) and bucket, in monotonic seconds."""

    label: str
    tier: str
    capacity: int
    revoked: bool = False
    tokens: float = 0.0
    filled_at: float = field(default_factory=time.monotonic)
    holds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, now: float) -> int:
        """Take a token: 0, or the whole seconds to wait for the next one."""
        refill = (now - self.filled_at) * self.capacity / 60
        self.tokens, self.filled_at = min(self.capacity, self.tokens + refill), now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        return max(1, math.ceil((1 - self.tokens) * 60 / self.capacity))

    def seconds_to_full(self) -> int:
        """What X-RateLimit-Reset counts: the bucket full again, not the next token."""
        return math.ceil((self.capacity - self.tokens) * 60 / self.capacity)

    def hold(self, path: str, now: float, seconds: float) -> None:
        """The client was told to stay away this long, from one path or (`ANY_PATH`) from all."""
        _, until = self.holds.get(path, (0.0, 0.0))
        self.holds[path] = (now + _IN_FLIGHT_SECONDS, max(until, now + seconds))

    def early(self, path: str, now: float) -> bool:
        """Whether a request that arrives now disregards the last hint."""
        holds = (self.holds.get(name, (0.0, 0.0)) for name in (ANY_PATH, path))
        return any(start < now < until for start, until in holds)


class KeyRing:
    """Every key of one provider that was used, by its text."""

    def __init__(self, pattern: re.Pattern[str], rate: int) -> None:
        self._pattern, self._rate = pattern, rate
        self._keys: dict[str, Key] = {}

    def known(self, text: str) -> Key | None:
        """The key with this text, made on first use; None when no such key can exist."""
        if text not in self._keys:
            match = self._pattern.fullmatch(text)
            if match is None:
                return None
            said = match.groupdict()
            tier = said.get("tier") or ""
            self._keys[text] = Key(said["label"] or tier, tier, self._rate, tokens=self._rate)
        return self._keys[text]
