"""Standard streams that cannot fail a command: closed, full, blocked or missing ones lose output.

What is printed never decides what is loaded. `protect` replaces `sys.stdout` and `sys.stderr` at
the start of the process, so that whatever prints is covered: rich, logging, warnings and dbt too.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import time
from typing import TextIO

_BACKLOG_BYTES = 1024 * 1024
_PIECE = select.PIPE_BUF  # a pipe that is ready takes that much without blocking
_LAST_WAIT_SECONDS = 5.0


class _Output(io.RawIOBase):
    """A file descriptor whose errors are kept in `error` instead of being raised.

    With `blocking` a write waits for a slow reader without limit, as data on stdout does. Otherwise
    what the reader does not take is kept, up to 1 MiB, and the command goes on.
    """

    def __init__(self, descriptor: int, *, blocking: bool, error: OSError | None) -> None:
        self._descriptor, self._blocking = descriptor, blocking
        self._backlog = bytearray()
        self.error = error

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._backlog += data
        self.drain(None if self._blocking else 0.0)
        return len(data)

    def drain(self, seconds: float | None) -> None:
        """Pass on what is kept. `seconds`: how long to wait for a reader that takes nothing."""
        try:
            while self._backlog and self._ready(seconds):
                self._pass_on(seconds)
        except OSError as error:
            self.error = self.error or error
            self._backlog.clear()
        if len(self._backlog) > _BACKLOG_BYTES:  # the newest lines stay: the last says how it ended
            del self._backlog[: self._backlog.find(b"\n", len(self._backlog) // 2) + 1 or None]

    def _ready(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _pass_on(self, seconds: float | None) -> None:
        piece = self._backlog if seconds is None else self._backlog[:_PIECE]
        try:
            taken = os.write(self._descriptor, piece)
        except BlockingIOError:  # whoever started this process made its pipe non-blocking
            taken = 0
            time.sleep(0.01)
        del self._backlog[:taken]


def protect() -> None:
    """Replace the standard streams. To be called once, before anything is printed."""
    closed = _open_missing()
    _replace("stdout", 1, blocking=True, closed=1 in closed)
    _replace("stderr", 2, blocking=False, closed=2 in closed)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115


def _open_missing() -> set[int]:
    """Open the null device in place of closed descriptors; returns these. Otherwise the next file
    would get the number: a warehouse at number 2 takes in what libraries print."""
    missing = {number for number in (0, 1, 2) if not _is_open(number)}
    while missing and os.open(os.devnull, os.O_RDWR) < max(missing):
        pass
    return missing


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _replace(name: str, descriptor: int, *, blocking: bool, closed: bool) -> None:
    before = getattr(sys, name)
    if before is not None:
        before.flush()
    error = OSError(errno.EBADF, "it is closed") if closed else None
    raw = _Output(descriptor, blocking=blocking, error=error)
    # JSON and CSV are UTF-8 whatever the locale; text that cannot be encoded is shown escaped.
    stream = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=not blocking or raw.isatty(),
    )
    setattr(sys, name, stream)


def output_error() -> OSError | None:
    """Why output on stdout was lost; None when all of it was written."""
    output = _flushed(sys.stdout)
    return output.error if output else None


def finish() -> None:
    """Give a slow reader of stderr a last chance, a few seconds since it last took something."""
    if output := _flushed(sys.stderr):
        output.drain(_LAST_WAIT_SECONDS)


def _flushed(stream: TextIO) -> _Output | None:
    """What is below a stream, after a flush; None for a stream that is not protected."""
    stream.flush()
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Output) else None
