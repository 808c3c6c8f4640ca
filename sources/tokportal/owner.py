"""What belongs to the key's owner as a whole: asked once in a while, not at every sync.

Each stream has a reader, in READERS under its name. A stream that is not due costs no request, so
that a sync with nothing new stays an index pass.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ..landing.batch import Batch
from ..landing.days import iso, parse
from ..landing.held import Held
from .client import TokPortalClient
from .scope import Scope
from .work import Work

Reader = Callable[[Work, TokPortalClient, Batch, Held], Awaitable[None]]

READERS: Mapping[str, Reader] = {}
_EVERY_HOURS: Mapping[str, float] = {}
_EVERY_HOURS_OTHERWISE = 1.0


def begin_owner_work(scope: Scope, state: dict[str, Any]) -> Work | None:
    """The owner's work of this run, or None when nothing of it is due."""
    cursors = {} if scope.full_refresh else dict(state.get("owner", {}))
    work = Work(None, scope, cursors, _settle)
    for stream, read in READERS.items():
        if _due(scope, stream, cursors.get(stream, {})):
            work.add(stream, partial(read, work))
    return work if work.pieces else None


def _due(scope: Scope, stream: str, cursor: dict[str, Any]) -> bool:
    asked_at = parse(cursor.get("asked_at"))
    every = timedelta(hours=_EVERY_HOURS.get(stream, _EVERY_HOURS_OTHERWISE))
    return asked_at is None or scope.now() - asked_at >= every


def _settle(work: Work, batch: Batch, held: Held) -> None:
    """A stream that failed is asked again at the next run; one that was refused, when it is due."""
    for stream, outcome in work.outcomes.items():
        if not outcome.failures:
            moved = work.cursors.get(stream, {}) | work.moved.get(stream, {})
            work.cursors[stream] = {**moved, "asked_at": iso(work.now())}
