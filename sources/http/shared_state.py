"""Two numbers per key that every process of this user on this machine reads and changes.

They lie in a small file of the user's state folder, which nobody else may write. In the folder for
temporary files any user of the machine could put a file of theirs under that name first.
"""

from __future__ import annotations

import os
import platform
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .redaction import fingerprint

if sys.platform != "win32":
    import fcntl

_NUMBERS = struct.Struct("<dd")
_LONGEST_BUSY_SECONDS = 2.0


class SharedState:
    """A small locked file; this process's memory where no such file can be kept.

    The file is opened again each time: somebody may have deleted it.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        # A home may be shared by machines, whose monotonic clocks are not the same.
        self._name = name if folder else f"{name}-{fingerprint(platform.node())}"
        self._folders = [folder] if folder else list(state_folders())
        self._own = [0.0, 0.0]
        self._busy_since: float | None = None

    @contextmanager
    def locked(self) -> Iterator[list[float] | None]:
        """The numbers, to read and to change; None while another process holds them, which is never
        waited for. What is no such file reads as zeros."""
        try:
            file = self._open()
        except BlockingIOError:
            yield self._own if self._busy_for_too_long() else None
            return
        except OSError:
            yield self._own
            return
        self._busy_since = None
        try:
            raw = os.pread(file, _NUMBERS.size, 0)
            found = _NUMBERS.unpack(raw) if len(raw) == _NUMBERS.size else (0.0, 0.0)
            # Without the file this process counted for itself: nothing of that is forgotten.
            self._own = [max(pair) for pair in zip(found, self._own, strict=True)]
            yield self._own
            with suppress(OSError):  # a full disk
                os.pwrite(file, _NUMBERS.pack(*self._own), 0)
        finally:
            os.close(file)  # and with it the lock

    def problem(self) -> str | None:
        """Why the numbers are not shared with other processes; None when they are."""
        try:
            os.close(self._open())
        except BlockingIOError:
            return None
        except OSError as error:
            return str(error)
        return None

    def _busy_for_too_long(self) -> bool:
        """Others hold the lock for microseconds; who holds it longer hangs, or means no good."""
        now = time.monotonic()
        if self._busy_since is None:
            self._busy_since = now
        return now - self._busy_since > _LONGEST_BUSY_SECONDS

    def _open(self) -> int:
        """The file, locked. Raises BlockingIOError when another process has the lock, OSError when
        there is no folder that belongs to this user alone."""
        if sys.platform == "win32":
            raise OSError("files cannot be locked on Windows")
        refused: OSError = OSError("there is no folder for the state of programs")
        for folder in self._folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _check(folder, os.lstat(folder), stat.S_ISDIR, 0o022)
                return _locked(folder / self._name)
            except BlockingIOError:
                raise
            except OSError as error:
                refused = error
        raise refused


def state_folders() -> Iterator[Path]:
    """Where the state may lie, the preferred folder first.

    The state folder of the user comes before the one of the session, because a job of cron has no
    session and has to find the same file.
    """
    home = os.environ.get("XDG_STATE_HOME", "")
    if Path(home).is_absolute():
        yield Path(home) / "social-warehouse"
    else:
        with suppress(RuntimeError):  # no home
            yield Path.home() / ".local" / "state" / "social-warehouse"
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(session).is_absolute():
        yield Path(session) / "social-warehouse"


def _locked(path: Path) -> int:
    # No link is followed, and a pipe or a device is not waited for.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        found = os.fstat(file)
        _check(path, found, stat.S_ISREG, 0o077)
        if found.st_nlink > 1:
            raise OSError(f"{path} has another name elsewhere")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _check(
    path: Path, found: os.stat_result, is_kind: Callable[[int], bool], forbidden: int
) -> None:
    """Raises OSError for what is of another kind, another user's or open to others."""
    if not is_kind(found.st_mode):
        raise OSError(f"{path} is not what it should be (a link, a pipe or a device)")
    if found.st_uid != os.geteuid():
        raise OSError(f"{path} belongs to another user")
    if found.st_mode & forbidden:
        raise OSError(f"{path} is open to other users (mode {stat.S_IMODE(found.st_mode):o})")
