"""What a run is expected to ask, before it asks it; and the least that it could have asked.

Each piece of work says what it will take. How long a walk is that never was made only asking tells:
the first of them are counted, and the others taken to be like these. Retries are not planned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

INDEX = "index"
SAMPLE = 60  # walks; their mean is then within a tenth or so


@dataclass(frozen=True)
class Cost:
    """Requests and credits of a piece of work; `at_least` of the requests are certain.

    `estimated`: they hang on answers still to come. `unknown`: nothing is known of their number.
    """

    requests: float = 1.0
    at_least: int = 1
    credits: float = 0.0
    estimated: bool = False
    unknown: bool = False


ONE_REQUEST = Cost()
A_WALK = Cost(estimated=True, unknown=True)


@dataclass
class StreamPlan:
    """The costs of one stream, added up. `walks` of unknown length are expected to take the mean
    of those in the sample; one request each while there is none."""

    known: float = 0.0
    at_least: int = 0
    credits: float = 0.0
    estimated: bool = False
    walks: float = 0.0
    sampled: int = 0
    sampled_requests: int = 0

    @property
    def requests(self) -> float:
        mean = self.sampled_requests / self.sampled if self.sampled else 1.0
        return self.known + self.walks * mean

    def add(self, cost: Cost, times: float = 1.0) -> None:
        if cost.unknown:
            self.walks += times
        else:
            self.known += cost.requests * times
        self.at_least += cost.at_least
        self.credits += cost.credits * times
        self.estimated |= cost.estimated or times != 1.0

    def measured(self, requests: int) -> None:
        """A walk of unknown length was made."""
        if self.sampled < SAMPLE:
            self.sampled += 1
            self.sampled_requests += requests


@dataclass
class Plan:
    """By stream. `index` is the pass that tells what there is: it was asked to make the plan."""

    streams: dict[str, StreamPlan] = field(default_factory=dict)

    def of(self, stream: str) -> StreamPlan:
        return self.streams.setdefault(stream, StreamPlan())

    def add(self, stream: str, cost: Cost, times: float = 1.0) -> None:
        self.of(stream).add(cost, times)

    @property
    def requests(self) -> int:
        return round(sum(stream.requests for stream in self.streams.values()))

    @property
    def at_least(self) -> int:
        return sum(stream.at_least for stream in self.streams.values())


def pages(rows: float, size: int) -> int:
    """Pages that so many rows take at least; an empty answer is one too."""
    return max(1, -(-int(rows) // size))
