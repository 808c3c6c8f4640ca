"""Keys: which plan they are on, and the token bucket of each.

developers.tokportal.com/rate-limits: a bucket per key that holds one minute's worth of
requests and refills continuously.
"""

import math
import re
import time
from dataclasses import dataclass, field

from sandbox.answers import ApiError
from sandbox.settings import TIERS

_KEY = re.compile(rf"sk_sandbox_({'|'.join(TIERS)})(?:_(\w+))?", re.ASCII)

ANY_PATH = ""

# A request already under way when a 429 is sent cannot know of it: loopback takes under this.
_IN_FLIGHT_SECONDS = 0.05


@dataclass(slots=True)
class Key:
    """One key's plan and bucket. Bucket times are this machine's monotonic seconds."""

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
    """Every key that was used. Valid are sk_sandbox_<tier> and sk_sandbox_<tier>_<anything>."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._keys: dict[str, Key] = {}

    def find(self, text: str | None) -> Key:
        """The key of a request, or the refusal developers.tokportal.com/errors documents."""
        if not text:
            raise ApiError(401, "AUTH_MISSING_KEY", "Missing X-API-Key header.")
        key = self.known(text)
        if key is None:
            raise ApiError(401, "AUTH_INVALID_KEY", "Invalid API key.")
        if key.revoked:
            raise ApiError(401, "AUTH_REVOKED_KEY", "This API key has been revoked.")
        return key

    def known(self, text: str) -> Key | None:
        """The key with this text, made on first use; None when no such key can exist."""
        if text not in self._keys:
            match = _KEY.fullmatch(text)
            if match is None:
                return None
            label = match[2] or match[1]
            self._keys[text] = Key(label, match[1], self._rate, tokens=self._rate)
        return self._keys[text]
