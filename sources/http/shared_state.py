"""Two numbers per key that every process of this machine reads and writes under one lock."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_NUMBERS = struct.Struct("<dd")


class SharedState:
    """A small locked file; this process's memory where no such file can be kept.

    The file is opened anew each time: a cleaner of temporary files may have taken it away.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._name, self._folder = name, folder
        self._own = [0.0, 0.0]

    @contextmanager
    def locked(self) -> Iterator[list[float]]:
        """The numbers, to read and to change. What is no such file any more reads as zeros."""
        file = self._open()
        if file is None:
            yield self._own
            return
        try:
            raw = os.pread(file, _NUMBERS.size, 0)
            self._own = list(_NUMBERS.unpack(raw)) if len(raw) == _NUMBERS.size else [0.0, 0.0]
            yield self._own
            with suppress(OSError):  # a full disk
                os.pwrite(file, _NUMBERS.pack(*self._own), 0)
        finally:
            os.close(file)  # and with it the lock

    def _open(self) -> int | None:
        if sys.platform == "win32":  # no flock: each process counts alone, answers correct it
            return None
        file = None
        try:
            folder = self._folder or Path(tempfile.gettempdir()) / f"social-warehouse-{os.getuid()}"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # No link is followed: others may write in the temporary folder too.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(folder / self._name, flags, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            if file is not None:
                os.close(file)
            return None
        return file
