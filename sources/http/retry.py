"""How often, and how long after, a failed request is asked again.

Five tries, exponential with full jitter, never before the provider's own hint. A budget shared by
all requests of a provider keeps a total outage from multiplying load: a retry costs one, an answer
earns one back. When request after request fails, the provider is down and the run ends for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .clock import http_date
from .errors import ProviderError, Retriable, TryLater
from .headers import number

ATTEMPTS = 5
# One endpoint that fails while no other is asked may be one stream's trouble, or one account's.
_DOWN_AFTER_ON_ONE_ENDPOINT = 20
_LONGEST_RETURN_SECONDS = 366 * 86_400
_LONGEST_HINT_SECONDS = 1e9


@dataclass
class RetryPolicy:
    """`patience_seconds`: the longest hint a run waits for. `base_seconds`: the first backoff.

    `down_after`: requests that fail in a row, over more than one endpoint, before the provider is
    taken to be down. `ended`: why nothing more is asked of it in this run.
    """

    patience_seconds: float = 120.0
    base_seconds: float = 1.0
    longest_seconds: float = 30.0
    budget: float = 50.0
    down_after: int = 5
    random: random.Random = field(default_factory=random.Random)
    ended: TryLater | None = None
    _left: float = field(init=False)
    _failed: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._left = self.budget

    def delay(self, now: Callable[[], datetime]) -> Callable[[Exception], bool | float]:
        """For one request: the hook that decides, per failure, whether and when to ask again.

        Raises TryLater for a hint beyond the run's patience.
        """
        failures = 0

        def decide(error: Exception) -> bool | float:
            nonlocal failures
            failures += 1
            if not isinstance(error, Retriable):
                return False
            if self.beyond_patience(error):
                raise self._end(too_long(error, now()))
            if failures >= ATTEMPTS or self._left < 1:
                return False
            self._left -= 1
            ceiling = min(self.longest_seconds, self.base_seconds * 2.0 ** (failures - 1))
            return max(error.wait_seconds or 0.0, self.random.uniform(0, ceiling))

        return decide

    def beyond_patience(self, error: Retriable) -> bool:
        return (error.wait_seconds or 0.0) > self.patience_seconds

    def stop_if_ended(self) -> None:
        """Raises the TryLater that ended this run for the provider."""
        if self.ended:
            raise self.ended

    def answered(self) -> None:
        """The provider gave an answer, if only a refusal."""
        self._failed.clear()
        self._left = min(self.budget, self._left + 1)

    def gave_up(self, error: Retriable, endpoint: str) -> None:
        """A request failed for good. Raises TryLater when that means that the provider is down."""
        self._failed.append(endpoint)
        alone = len(set(self._failed)) == 1
        if len(self._failed) >= self.down_after * (_DOWN_AFTER_ON_ONE_ENDPOINT if alone else 1):
            raise self._end(down(error, len(self._failed))) from error

    def _end(self, error: TryLater) -> TryLater:
        self.ended = error
        return error


def too_long(error: Retriable, now: datetime) -> TryLater:
    """The provider wants more patience than a run has."""
    wait = min(error.wait_seconds or 0.0, _LONGEST_RETURN_SECONDS)
    retry_at = now + timedelta(seconds=wait)
    when = f"{retry_at:%Y-%m-%d %H:%M:%S}Z"
    return TryLater(
        f"{error.message}; the provider asks to come back after {when}",
        retry_at=retry_at,
        **facts(error),
    )


def down(error: Retriable, failed: int) -> TryLater:
    """The provider does not answer at all."""
    return TryLater(
        f"{failed} requests in a row failed; the last: {error.message}",
        code="provider_down",
        **facts(error),
    )


def facts(error: ProviderError) -> dict[str, Any]:
    return {"status": error.status, "request_id": error.request_id}


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
    seconds: float | None = None
    if isinstance(value, str):
        seconds = number(value)
        if seconds is None and (date := http_date(value[:64])):
            seconds = max(0.0, (date - now).total_seconds())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < _LONGEST_HINT_SECONDS else None
    return seconds if seconds is not None and 0 <= seconds < _LONGEST_HINT_SECONDS else None
