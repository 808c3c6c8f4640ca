"""What a run is expected to ask, before it asks it; and the least that it could have asked.

What hangs on answers that are still to come (which posts moved, how many snapshots there are) is
estimated from what earlier runs met, and marked so. Retries are not planned.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cost:
    """Requests and credits of some work; `at_least` of the requests are certain."""

    requests: float = 1.0
    at_least: int = 1
    credits: float = 0.0
    estimated: bool = False


@dataclass
class StreamPlan:
    """The costs of one stream, added up."""

    requests: float = 0.0
    at_least: int = 0
    credits: float = 0.0
    estimated: bool = False

    def add(self, cost: Cost) -> None:
        self.requests += cost.requests
        self.at_least += cost.at_least
        self.credits += cost.credits
        self.estimated |= cost.estimated


@dataclass
class Plan:
    """By stream. `index` is the pass that tells what there is: it was asked to make the plan."""

    streams: dict[str, StreamPlan] = field(default_factory=dict)

    def add(self, stream: str, cost: Cost) -> None:
        self.streams.setdefault(stream, StreamPlan()).add(cost)

    @property
    def requests(self) -> int:
        return round(sum(stream.requests for stream in self.streams.values()))

    @property
    def at_least(self) -> int:
        return sum(stream.at_least for stream in self.streams.values())


INDEX = "index"


def pages(rows: float, size: int) -> int:
    """Pages that so many rows take at least; an empty answer is one too."""
    return max(1, -(-int(rows) // size))
