"""A token bucket per key, shared by every process of this machine that uses the key.

The bucket is kept as one number, the time at which it would be full again ("theoretical arrival
time", as in GCRA), in a small locked file. Every answer's headers correct it, so that requests
made elsewhere with the same key count too. It only ever becomes stricter by what it hears.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATE = struct.Struct("<dd")  # full again at, nothing before (both Unix seconds)
_BURST_MARGIN = 0.05  # requests reach the provider later than they leave; a full burst would 429
_RATE_MARGIN = 0.01
_LONGEST_MEMORY_SECONDS = 3600.0  # an older file, or one from a wrong clock, is not believed


class RateLimit:
    """Requests per minute for one key; the burst is the same number.

    With `ceiling=False` the provider's own `X-RateLimit-Limit` replaces the starting rate, up or
    down; with `ceiling=True` it can only lower it (the user wants to leave room for others).
    """

    def __init__(
        self, per_minute: float, *, key: str, ceiling: bool = True, folder: Path | None = None
    ) -> None:
        self._configured, self._ceiling = per_minute, ceiling
        self._set_rate(per_minute)
        folder = folder or Path(tempfile.gettempdir()) / f"social-warehouse-{os.getuid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(folder / f"rate-{key}", os.O_RDWR | os.O_CREAT, 0o600)

    def _set_rate(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._interval = 60.0 / (per_minute * (1 - _RATE_MARGIN))
        self._burst = max(1.0, per_minute * (1 - _BURST_MARGIN))

    async def acquire(self) -> float:
        """Wait until one request may leave; returns the seconds waited."""
        waited = 0.0
        while (wait := self._take()) > 0:
            await asyncio.sleep(wait)
            waited += wait
        return waited

    def _take(self) -> float:
        with self._state() as state:
            now = time.time()
            full_at, not_before = max(state[0], now), state[1]
            wait = max(not_before - now, full_at - now - (self._burst - 1) * self._interval)
            if wait <= 0:
                state[0] = full_at + self._interval
            return wait

    def observe(self, limit: float | None, remaining: float | None) -> None:
        """Believe the provider's headers: its rate, and how much of the bucket is gone."""
        if limit and limit > 0:
            wanted = min(limit, self._configured) if self._ceiling else limit
            if wanted != self.per_minute:
                self._set_rate(wanted)
        if limit and remaining is not None:
            with self._state() as state:
                used = max(0.0, limit - remaining)
                state[0] = max(state[0], time.time() + used * self._interval)

    def pause(self, seconds: float) -> None:
        """Nobody on this machine asks with this key before the pause is over."""
        with self._state() as state:
            state[1] = max(state[1], time.time() + seconds)

    @contextmanager
    def _state(self) -> Iterator[list[float]]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            raw = os.pread(self._file, _STATE.size, 0)
            state = list(_STATE.unpack(raw)) if len(raw) == _STATE.size else [0.0, 0.0]
            horizon = time.time() + _LONGEST_MEMORY_SECONDS
            state = [value if value < horizon else 0.0 for value in state]
            yield state
            os.pwrite(self._file, _STATE.pack(*state), 0)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
