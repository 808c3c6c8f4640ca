"""What a run says while it goes: live lines on a terminal, one JSON line per event elsewhere.

All of it goes to stderr; stdout is for data. Text from providers is stripped of control characters.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from sources.http.redaction import neutral, redact

HEARTBEAT_SECONDS = 30.0


class Progress(Protocol):
    """Where a run's events go."""

    def event(self, name: str, level: str = "info", **facts: Any) -> None: ...

    def tick(self, provider: str, done: int, total: int, rows: int, traffic: Any) -> None: ...


def safe(text: str) -> str:
    """Text for a terminal or a log: no secret, no control character, no direction override."""
    return neutral(redact(text))


def _say(line: str) -> None:
    sys.stderr.write(safe(line) + "\n")
    sys.stderr.flush()


def _pairs(facts: dict[str, Any]) -> str:
    """On one line: a line break in a value must not look like another event."""
    return "  ".join(
        f"{key}={' '.join(str(value).splitlines())}"
        for key, value in facts.items()
        if value not in (None, "")
    )


class JsonLines:
    """One JSON object per line and event, and a heartbeat every 30 s while work goes on."""

    def __init__(self, run_id: str) -> None:
        self._run_id, self._last = run_id, time.monotonic()

    def event(self, name: str, level: str = "info", **facts: Any) -> None:
        self._last = time.monotonic()
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"ts": now, "level": level, "event": name, "run_id": self._run_id, **facts}
        _say(json.dumps(line, default=str))

    def tick(self, provider: str, done: int, total: int, rows: int, traffic: Any) -> None:
        if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
            asked = traffic.requests
            self.event(
                "heartbeat", provider=provider, accounts_done=done, rows=rows, requests=asked
            )


class Plain:
    """A line of text per event: for people who read logs."""

    def event(self, name: str, level: str = "info", **facts: Any) -> None:
        _say(f"{name:<18} {_pairs(facts)}")

    def tick(self, provider: str, done: int, total: int, rows: int, traffic: Any) -> None:
        return


class Quiet:
    """Only what is wrong."""

    def event(self, name: str, level: str = "info", **facts: Any) -> None:
        if level != "info":
            Plain().event(name, level, **facts)

    def tick(self, provider: str, done: int, total: int, rows: int, traffic: Any) -> None:
        return


class Live:
    """A bar per provider: accounts done, rows, requests, waits, time left."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        from .terminal import PlainConsole

        self.console = PlainConsole(stderr=True)
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("accounts  {task.fields[said]}", style="dim"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def event(self, name: str, level: str = "info", **facts: Any) -> None:
        if name in ("run.started", "batch.loaded"):
            return
        style = {"warning": "yellow", "error": "red"}.get(level)
        self.console.print(safe(f"{name}  {_pairs(facts)}"), style=style)

    def tick(self, provider: str, done: int, total: int, rows: int, traffic: Any) -> None:
        task = self._tasks.get(provider)
        if task is None:
            task = self._tasks[provider] = self.bars.add_task(provider, total=total, said="")
        said = (
            f"{rows:,} rows  {traffic.requests:,} requests  waited {traffic.waited_seconds:.0f} s"
        )
        self.bars.update(task, completed=done, total=total, said=said)


@contextmanager
def progress(log_format: str, run_id: str, *, quiet: bool = False) -> Iterator[Progress]:
    """The progress that fits where stderr goes. `log_format`: auto, rich, plain or json."""
    if log_format == "auto":
        log_format = "rich" if sys.stderr.isatty() else "json"
    if quiet:
        yield Quiet()
    elif log_format == "rich":
        live = Live()
        with live.bars:
            yield live
    else:
        yield Plain() if log_format == "plain" else JsonLines(run_id)
