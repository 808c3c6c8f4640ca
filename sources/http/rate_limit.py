"""A token bucket per key, shared by every process of this user that uses the key.

The bucket is kept as one number, the time at which it would be full again ("theoretical arrival
time", as in GCRA). Every answer's headers correct it, so that requests made elsewhere with the same
key count too. Times are monotonic: they count from the machine's start, the same for all processes,
and no step of the wall clock moves them.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .shared_state import SharedState

_BURST_MARGIN = 0.04  # requests reach the provider later than they leave; a full burst would 429
_RATE_MARGIN = 0.01
_BUSY_SECONDS = 0.002  # until the state is tried again that another process has
# What lies further ahead was written before the last start, or is no time at all.
_LONGEST_REFILL_SECONDS = 180.0
_LONGEST_PAUSE_SECONDS = 3600.0


class RateLimit:
    """Requests per minute for one key; the burst is the same number.

    With `ceiling=False` the provider's own `X-RateLimit-Limit` replaces the starting rate, up or
    down; with `ceiling=True` it can only lower it (the user wants to leave room for others).
    `shard`: (index, count) of a worker that has its even share of the rate, wherever it runs; its
    bucket is its own, for shares of one bucket would be shares of a share.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        key: str,
        ceiling: bool = True,
        folder: Path | None = None,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        index, self._shards = shard
        self._configured, self._ceiling = per_minute, ceiling
        own = f"-{index}-of-{self._shards}" if self._shards > 1 else ""
        self._shared = SharedState(f"rate-{key}{own}", folder)
        self._owed = [0.0, 0.0]  # what was learned while another process held the state
        self._set_rate(per_minute)

    def _set_rate(self, per_minute: float) -> None:
        self._whole, self.per_minute = per_minute, per_minute / self._shards
        per_minute = self.per_minute
        self._interval = _seconds_each(per_minute)
        self._burst = max(1.0, per_minute * (1 - _BURST_MARGIN))

    async def acquire(self) -> float:
        """Wait until one request may leave; returns the seconds waited."""
        waited = 0.0
        while (wait := self._take()) is None or wait > 0:
            seconds = _BUSY_SECONDS if wait is None else wait
            await asyncio.sleep(seconds)
            waited += seconds
        return waited

    @property
    def problem(self) -> str | None:
        """Why this process counts for itself alone; None when the state is shared."""
        return self._shared.problem()

    def _take(self) -> float | None:
        """Take a token and return 0, or return the seconds to wait for one; None when another
        process has the state for a moment."""
        with self._state() as state:
            if state is None:
                return None
            now = time.monotonic()
            full_at, not_before = max(state[0], now), state[1]
            wait = max(not_before - now, full_at - now - (self._burst - 1) * self._interval)
            if wait <= 0:
                state[0] = full_at + self._interval
            return wait

    def observe(self, limit: float | None, remaining: float | None) -> None:
        """Believe the provider's headers: its rate, and how much of the bucket is gone."""
        if limit is None or not 1 <= limit < math.inf:
            return
        wanted = min(limit, self._configured) if self._ceiling else limit
        if wanted != self._whole:
            self._set_rate(wanted)
        if remaining is None or math.isnan(remaining):
            return
        used = limit - max(0.0, min(remaining, limit))
        self._learn(time.monotonic() + used * _seconds_each(limit), 0.0)

    def pause(self, seconds: float) -> None:
        """Nobody on this machine asks with this key before the pause is over."""
        self._learn(0.0, time.monotonic() + min(seconds, _LONGEST_PAUSE_SECONDS))

    def _learn(self, full_at: float, not_before: float) -> None:
        self._owed = [max(self._owed[0], full_at), max(self._owed[1], not_before)]
        with self._state():
            pass

    @contextmanager
    def _state(self) -> Iterator[list[float] | None]:
        """When the bucket is full again, and before when nothing is asked; None while another
        process has it."""
        with self._shared.locked() as state:
            if state is not None:
                now = time.monotonic()
                state[0] = max(_believed(state[0], now + _LONGEST_REFILL_SECONDS), self._owed[0])
                state[1] = max(_believed(state[1], now + _LONGEST_PAUSE_SECONDS), self._owed[1])
                self._owed = [0.0, 0.0]
            yield state


def _seconds_each(per_minute: float) -> float:
    return 60.0 / (per_minute * (1 - _RATE_MARGIN))


def _believed(moment: float, horizon: float) -> float:
    return moment if 0 <= moment <= horizon else 0.0
