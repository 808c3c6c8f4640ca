"""Exit codes: what a scheduler may rely on (README, "Exit codes")."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    BUG = 1
    USAGE = 2
    PARTIAL = 3
    CREDENTIALS = 4
    TRY_LATER = 5
    DESTINATION = 6
    LOCKED = 7
    CHECK_FAILED = 8
    INTERRUPTED = 130
    TERMINATED = 143


_GRAVEST_FIRST = (
    Exit.TERMINATED,
    Exit.INTERRUPTED,
    Exit.USAGE,
    Exit.CREDENTIALS,
    Exit.DESTINATION,
    Exit.LOCKED,
    Exit.BUG,
    Exit.TRY_LATER,
    Exit.CHECK_FAILED,
    Exit.PARTIAL,
)


def gravest(codes: Iterable[Exit]) -> Exit:
    """The one code that stands for all: 4 over 6 over 5 over 3."""
    met = set(codes)
    return next((code for code in _GRAVEST_FIRST if code in met), Exit.OK)


class Stop(Exception):
    """Ends a command with a code and one clear message: what happened, and what to do."""

    def __init__(self, code: Exit, message: str, remedy: str = "") -> None:
        self.code, self.message, self.remedy = code, message, remedy
        super().__init__(message)


def usage(message: str, remedy: str = "") -> Stop:
    return Stop(Exit.USAGE, message, remedy)
