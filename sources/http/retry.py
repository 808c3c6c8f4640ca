"""How often, and how long after, a failed request is asked again.

Five tries, exponential with full jitter, never before the provider's own hint. A budget shared by
all requests of a provider keeps a total outage from multiplying load: a retry costs one, an answer
earns one back. When request after request fails, the provider is down and the run ends for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from .errors import ProviderError, Retriable, TryLater

ATTEMPTS = 5


@dataclass
class RetryPolicy:
    """`patience_seconds`: the longest hint a run waits for. `base_seconds`: the first backoff."""

    patience_seconds: float = 120.0
    base_seconds: float = 0.5
    longest_seconds: float = 30.0
    budget: float = 50.0
    failures_in_a_row: int = 0
    down_after: int = 5
    random: random.Random = field(default_factory=random.Random)
    _left: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.budget

    def delay(self, now: datetime) -> Callable[[Exception], bool | float]:
        """The hook that decides, per failure, whether and after how many seconds to ask again."""

        def decide(error: Exception) -> bool | float:
            if not isinstance(error, Retriable) or self._left < 1:
                return False
            self._left -= 1
            hint = error.wait_seconds or 0.0
            if hint > self.patience_seconds:
                raise self.too_long(error, now) from error
            ceiling = min(self.longest_seconds, self.base_seconds * 2.0**error.attempt)
            return max(hint, self.random.uniform(0, ceiling))

        return decide

    def too_long(self, error: Retriable, now: datetime) -> TryLater:
        retry_at = now + timedelta(seconds=min(error.wait_seconds or 0.0, 366 * 86_400))
        return TryLater(
            f"{error.message}; the provider asks to come back after {retry_at:%Y-%m-%d %H:%M:%S}Z",
            retry_at=retry_at,
            status=error.status,
            request_id=error.request_id,
        )

    def succeeded(self) -> None:
        self.failures_in_a_row = 0
        self._left = min(self.budget, self._left + 1)

    def gave_up(self, error: ProviderError) -> None:
        """Called when a request failed for good. Raises TryLater when the provider is down."""
        if isinstance(error, Retriable):
            self.failures_in_a_row += 1
            if self.failures_in_a_row >= self.down_after:
                raise TryLater(
                    f"{self.failures_in_a_row} requests in a row failed; the last: {error.message}",
                    code="provider_down",
                    status=error.status,
                    request_id=error.request_id,
                ) from error


def hint_seconds(retry_after: str | None, details: object, now: datetime) -> float | None:
    """The longest wait a 429 or 503 asks for; None when it says nothing usable.

    `Retry-After` in seconds (decimals too) or as an HTTP date on the provider's own clock, and
    `details.retry_after_seconds` of the error body: they may differ, the larger holds.
    """
    hints = [_seconds(retry_after, now)]
    if isinstance(details, dict):
        hints.append(_seconds(details.get("retry_after_seconds"), now))
    usable = [hint for hint in hints if hint is not None]
    return max(usable) if usable else None


def _seconds(value: object, now: datetime) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        seconds = _until(str(value), now)
    return seconds if 0 <= seconds < 1e9 else None


def _until(http_date: str, now: datetime) -> float:
    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError, IndexError):
        return -1.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
