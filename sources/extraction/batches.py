"""When a batch closes. A batch of accounts is a unit of commit: a kill costs one of them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """A batch closes after `seconds` or `rows`, whichever is first; `accounts` bounds memory."""

    seconds: float = 30.0
    rows: int = 50_000
    accounts: int = 200


@dataclass
class Deadline:
    """One batch's end: its limits reached, or the whole run asked to stop."""

    limits: Limits
    stop: threading.Event
    _started: float = field(default_factory=time.monotonic)

    def passed(self, rows: int) -> bool:
        if self.stop.is_set() or rows >= self.limits.rows:
            return True
        return time.monotonic() - self._started >= self.limits.seconds
