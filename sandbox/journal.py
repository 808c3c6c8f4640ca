"""What was asked: counts since the last reset, and the last requests one by one."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `at` is this machine's monotonic time; status 0: closed without an answer."""

    at: float
    method: str
    path: str
    query: str
    status: int
    key_label: str | None
    early: bool


class Journal:
    """Requests below a provider's base URL; the control plane is not counted."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._numbered = 0
        self.reset()

    def reset(self) -> None:
        """Forget the counts; numbering and the log go on."""
        self._total = self._early = self._busiest = self._forbidden = 0
        self._routes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._minute: deque[float] = deque()

    def record(self, route: str, entry: Entry, *, forbidden: bool = False) -> None:
        """Count one request under its route's template."""
        self._forbidden += forbidden
        self._entries.append(entry)
        self._numbered += 1
        self._total += 1
        self._early += entry.early
        self._routes[f"{entry.method} {route}"] += 1
        self._statuses[entry.status] += 1
        self._slide(entry.at)

    def summary(self) -> dict[str, Any]:
        """Counts since the last reset; `max_per_minute` is over any 60 seconds."""
        return {
            "total": self._total,
            "by_route": dict(self._routes.most_common()),
            "by_status": {str(status): n for status, n in sorted(self._statuses.items())},
            "early": self._early,
            "forbidden": self._forbidden,
            "max_per_minute": self._busiest,
        }

    def after(self, n: int) -> list[dict[str, Any]]:
        """Every kept request numbered above n, oldest first."""
        forgotten = self._numbered - len(self._entries)
        first = max(n, forgotten)
        kept = islice(self._entries, first - forgotten, None)
        return [{"n": number, **asdict(entry)} for number, entry in enumerate(kept, first + 1)]

    def _slide(self, at: float) -> None:
        self._minute.append(at)
        while self._minute[0] <= at - 60:
            self._minute.popleft()
        self._busiest = max(self._busiest, len(self._minute))
