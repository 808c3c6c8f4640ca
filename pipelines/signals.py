"""SIGINT and SIGTERM: the first asks the run to stop, the second stops it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from .exits import Exit

T = TypeVar("T")

_EXITS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


class Stopper:
    """`stop` is set by the first signal; `exit_code` says which one it was."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.exit_code: Exit | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        code = _EXITS[signal.Signals(number)]
        if self.exit_code is not None:
            os._exit(code)  # what was committed stays; the lock is freed by the kernel
        self.exit_code = code
        self.stop.set()


_current: Stopper | None = None


@contextmanager
def stopped_by_signals() -> Iterator[Stopper]:
    """A stopper that listens to both signals while the block runs (main thread only)."""
    global _current
    stopper = _current = Stopper()
    before = {number: signal.signal(number, stopper) for number in _EXITS}
    try:
        yield stopper
    finally:
        _current = None
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_requested() -> bool:
    """Whether a signal asked the run under way to stop."""
    return _current is not None and _current.stop.is_set()


def heed_as_first_process() -> None:
    """End at SIGTERM also as process 1 of a container: the kernel gives it no default action, so a
    command that listens to no signal would run on until it is killed."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(Exit.TERMINATED))


def in_thread(work: Callable[[], T]) -> T:
    """Run in another thread and wait: dlt replaces signal handlers only in the main one."""
    answer: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="sync")
    thread.start()
    while thread.is_alive():
        thread.join(0.2)  # short, so that signals are handled meanwhile
    if failure:
        raise failure[0]
    return answer[0]
