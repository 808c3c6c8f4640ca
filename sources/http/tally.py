"""How many requests one piece of work takes, however many pieces run at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Tally:
    """Requests of one block, without retries."""

    requests: int = 0


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counted() -> Iterator[Tally]:
    """Counts what the block asks, tasks that it starts included."""
    tally = Tally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


def count() -> None:
    """A request is sent for the first time."""
    if (tally := _current.get()) is not None:
        tally.requests += 1
