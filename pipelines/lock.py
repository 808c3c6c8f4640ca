"""One run at a time for a warehouse: a lock file beside it, freed by the kernel when a run dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .exits import Exit, Stop
from .signals import Stopper

_LOOK_AGAIN_SECONDS = 0.2


@contextmanager
def warehouse_lock(
    database: Path, wait_seconds: float = 0.0, stopper: Stopper | None = None
) -> Iterator[None]:
    """Hold the lock of a DuckDB file. Raises Stop: exit 7 naming the holder when it is taken, or
    the signal's exit code when one ends the wait."""
    path = database.with_name(database.name + ".lock")
    file = _open(path)
    try:
        _take(file, path, wait_seconds, stopper)
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(_me()).encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise Stop(
            Exit.DESTINATION,
            f"the folder {path.parent} cannot be written: {error.strerror}",
            "Check the path in DESTINATION__DUCKDB__CREDENTIALS, and owner and mode of the folder.",
        ) from error


def _take(file: int, path: Path, wait_seconds: float, stopper: Stopper | None) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if stopper and stopper.exit_code:
                raise Stop(stopper.exit_code, "stopped while waiting for the lock") from None
            if time.monotonic() >= deadline:
                raise Stop(
                    Exit.LOCKED,
                    f"another run holds the warehouse: {_holder(path)}",
                    "Nothing to do; it frees the lock when it ends, also when it is killed."
                    " `--wait 10m` waits for it.",
                ) from None
            time.sleep(_LOOK_AGAIN_SECONDS)


def _me() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["social", *sys.argv[1:2]]),
    }


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text())
        return f"{who['command']}, pid {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError):
        return f"see {path}"
