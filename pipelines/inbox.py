"""Webhook events on disk, from their arrival until the table has them.

    inbox/<warehouse>/new/<name>.json   stored, to be handled
    inbox/<warehouse>/done/<name>       handled: empty, remembered
    inbox/<warehouse>/aside/<name>.json could not be recorded; kept for people, never read
    inbox/<warehouse>/tmp/              half-written; never read

`<name>` is a hash of the event's id: text from outside never becomes a path. A file is written,
synced and then renamed into place, so that a kill at any instant leaves a whole event or none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.landing.privacy import MASK
from sources.tokportal.webhooks import Event, NotAnEvent, read_event

from .flush import flush

# Far beyond the 300 s in which a signature is good: nothing older can be delivered as it was.
_REMEMBER_SECONDS = 30 * 86_400
_FORGOTTEN_TMP_SECONDS = 3_600


@dataclass(frozen=True)
class Waiting:
    """A stored event. `received_at` is this machine's clock (UTC)."""

    name: str
    event: Event
    received_at: datetime


class Inbox:
    """The folder of one warehouse. Raises OSError when the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        parts = [folder / part for part in ("new", "done", "tmp", "aside")]
        self._new, self._done, self._tmp, self._aside = parts
        for part in parts:
            part.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, body: bytes, event: Event) -> bool:
        """Store an event durably; False when its id is known already."""
        name = _name(event.event_id)
        if self._knows(name):
            return False
        content = {
            "event_id": event.event_id,
            "received_at": datetime.now(UTC).isoformat(),
            "body": body.decode(),
        }
        self._write(json.dumps(content).encode(), self._new / f"{name}.json")
        return True

    def _knows(self, name: str) -> bool:
        return (self._new / f"{name}.json").exists() or (self._done / name).exists()

    def _write(self, content: bytes, where: Path) -> None:
        half = self._tmp / uuid.uuid4().hex
        file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        half.rename(where)
        flush(where.parent)

    def waiting(self) -> list[Waiting]:
        """Stored events, the oldest first. A file that somebody spoilt is left where it is."""
        found = (self._read(file) for file in self._new.iterdir())
        return sorted(filter(None, found), key=lambda one: (one.received_at, one.name))

    def spoilt(self) -> list[Path]:
        """Files among the stored events that are none."""
        return [file for file in self._new.iterdir() if self._read(file) is None]

    def _read(self, file: Path) -> Waiting | None:
        try:
            said = json.loads(file.read_bytes())
            event = read_event(said["body"].encode(), said["event_id"])
            return Waiting(file.stem, event, datetime.fromisoformat(said["received_at"]))
        except (OSError, ValueError, KeyError, AttributeError, NotAnEvent):
            return None

    def finish(self, handled: list[Waiting]) -> None:
        """The table has these: they leave the inbox, their ids are remembered."""
        for one in handled:
            done = self._done / one.name
            (self._new / f"{one.name}.json").rename(done)
            os.truncate(done, 0)
        flush(self._new)
        flush(self._done)

    def set_aside(self, one: Waiting) -> Path:
        """Take an event that no table takes out of the way of the others. Returns its file."""
        where = self._aside / f"{one.name}.json"
        (self._new / f"{one.name}.json").rename(where)
        flush(self._new)
        flush(self._aside)
        return where

    def tidy(self) -> None:
        """Forget ids beyond a month, and what a kill left half-written."""
        for folder, seconds in (
            (self._done, _REMEMBER_SECONDS),
            (self._tmp, _FORGOTTEN_TMP_SECONDS),
        ):
            for file in folder.iterdir():
                if file.stat().st_mtime < time.time() - seconds:
                    file.unlink(missing_ok=True)

    def mask(self, name: str) -> int:
        """Replace a name in the stored events. Returns in how many."""
        changed = 0
        pattern = re.compile(re.escape(name), re.IGNORECASE)
        for file in self._new.iterdir():
            text = file.read_text(errors="replace")
            if pattern.search(text):
                self._write(pattern.sub(MASK, text).encode(), file)
                changed += 1
        return changed

    @contextmanager
    def handling(self) -> Iterator[bool]:
        """Whether this process may handle the inbox: one at a time; a kill frees it."""
        file = os.open(self.folder / "handling.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _taken(file)
        finally:
            os.close(file)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _name(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).hexdigest()[:40]
