"""One run at a time for a warehouse, and for a DuckDB file the lock that says so: a file beside it,
freed by the kernel when a run dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from .exits import Exit, Stop
from .signals import Stopper

LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. `since` is that machine's clock (UTC)."""

    run_id: str | None = None
    command: str = field(default_factory=lambda: " ".join(["social", *sys.argv[1:2]]))
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    since: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __str__(self) -> str:
        run = f" (run {self.run_id})" if self.run_id else ""
        return f"{self.command}{run}, pid {self.pid} on {self.host} since {self.since}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError or TypeError for what is no holder."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Patience:
    """How long to wait for a lock; `stopper`: a signal ends the wait."""

    seconds: float = 0.0
    stopper: Stopper | None = None


def take(try_once: Callable[[], bool], holder: Callable[[], str], patience: Patience) -> None:
    """Try until it is taken. Raises Stop: exit 7 naming the holder, or the signal's exit code."""
    deadline = time.monotonic() + patience.seconds
    while not try_once():
        if patience.stopper and patience.stopper.exit_code:
            raise Stop(patience.stopper.exit_code, "stopped while waiting for the lock")
        if time.monotonic() >= deadline:
            raise Stop(
                Exit.LOCKED,
                f"another run holds the warehouse: {holder()}",
                "Nothing to do; it frees the lock when it ends, also when it is killed."
                " `--wait 10m` waits for it.",
            )
        time.sleep(LOOK_AGAIN_SECONDS)


@contextmanager
def file_lock(database: Path, holder: Holder, patience: Patience) -> Iterator[None]:
    """Hold the lock of a DuckDB file. Raises Stop (exit 7) when another run does."""
    path = database.with_name(database.name + ".lock")
    file = _open(path)
    try:
        take(lambda: _flocked(file), lambda: _holder(path), patience)
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(holder)).encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


def writer_of(database: Path) -> str | None:
    """The run that has the DuckDB file open for writing now, in words; None: no run of ours."""
    path = database.with_name(database.name + ".lock")
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(path)
    except OSError:
        return None
    return None


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Stop(
            Exit.DESTINATION,
            f"the folder {path.parent} cannot be written: {error.strerror}",
            "Check the path in DESTINATION__DUCKDB__CREDENTIALS, and owner and mode of the folder.",
        ) from error


def _flocked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    try:
        return str(Holder.read(path.read_text()))
    except (OSError, ValueError, TypeError):
        return f"see {path}"
