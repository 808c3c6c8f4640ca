"""What belongs to the key's owner as a whole: asked once in a while, not at every sync.

Each stream has a reader, in READERS under its name. A stream that is not due costs no request, so
that a sync with nothing new stays an index pass. A run limited to some accounts asks their bundles
and nothing else of this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ..extraction.plan import A_WALK, ONE_REQUEST
from ..extraction.scope import Scope
from ..extraction.work import Outcome, Piece, Work
from ..landing.batch import Batch
from ..landing.days import is_time, iso, parse
from ..landing.held import Held
from .bans_and_credits import read_bans, read_credits
from .bundles import read_bundles
from .client import TokPortalClient
from .export import STREAM as EXPORT
from .export import read_export, read_export_instead
from .pulse import read_pulse
from .webhook_history import read_webhooks

Reader = Callable[[Work, TokPortalClient, Batch, Held], Awaitable[None]]

READERS: Mapping[str, Reader] = {
    "bundles": read_bundles,
    "account_bans": read_bans,
    "credit_transactions": read_credits,
    "webhook_endpoints": read_webhooks,
    "comment_pulse_snapshots": read_pulse,
    EXPORT: read_export,
}
# Streams whose pieces the reader of another plans.
_FOLLOWED_BY = {"bundles": "bundle_videos", "webhook_endpoints": "webhook_deliveries"}
_TELLING = (read_bundles, read_webhooks, read_export)
_WALKS = (read_credits, read_bans)
_EVERY_HOURS: Mapping[str, float] = {"comment_pulse_snapshots": 24.0, EXPORT: 24.0}
_BY_ACCOUNT = ("bundles", EXPORT)
_EVERY_HOURS_OTHERWISE = 1.0
_REFUSED_EVERY_HOURS = 24.0


def begin_owner_work(scope: Scope, state: dict[str, Any]) -> Work | None:
    """The owner's work of this run, or None when nothing of it is due. Begun when the accounts are
    through: they matter more, and only then is it known whether the plan shows their posts."""
    work = _owner_work(scope, state)
    for stream, read in _chosen(scope):
        if scope.only_accounts is not None or _due(scope, stream, work.cursors.get(stream, {})):
            cost = A_WALK if read in _WALKS else ONE_REQUEST
            work.add(stream, partial(read, work), cost=cost, tells=read in _TELLING)
    if _posts_need_export(scope) and _due(scope, EXPORT, work.cursors.get(EXPORT, {})):
        _add_export_instead(work)
    return work if work.pieces else None


def _owner_work(scope: Scope, state: dict[str, Any]) -> Work:
    cursors = {} if scope.full_refresh else dict(state.get("owner", {}))
    return Work(None, scope, cursors, _settle)


def _chosen(scope: Scope) -> Iterator[tuple[str, Reader]]:
    """Readers under the first of their streams that is selected."""
    for stream, read in READERS.items():
        if scope.only_accounts is not None and stream not in _BY_ACCOUNT:
            continue
        names = (stream, _FOLLOWED_BY.get(stream, stream))
        if name := next((name for name in names if scope.asks(name)), None):
            yield name, read


def _posts_need_export(scope: Scope) -> bool:
    """The plan refused every drilldown that was asked: the export may be the only way to posts."""
    gate = scope.gates["drilldown"]
    refused = bool(gate.refused) and not gate.granted and "drilldown" in scope.streams
    return refused and EXPORT not in scope.streams


def _add_export_instead(work: Work) -> None:
    # Not by work.add: the stream is optional, and here it is the only way to the posts.
    do = partial(read_export_instead, work)
    work.pieces.append(Piece(EXPORT, work, do, proves=False))


def _due(scope: Scope, stream: str, cursor: dict[str, Any]) -> bool:
    asked_at = parse(cursor.get("asked_at"))
    hours = _EVERY_HOURS.get(stream, _EVERY_HOURS_OTHERWISE)
    if cursor.get("refused"):
        hours = max(hours, _REFUSED_EVERY_HOURS)
    return is_time(asked_at, timedelta(hours=hours), scope.now())


def _settle(work: Work, batch: Batch, held: Held) -> None:
    """A stream that failed, or of which rows were rejected, is asked again at the next run; one
    that was refused, once a day."""
    failed = {stream for stream, o in work.outcomes.items() if o.failures or o.rejected}
    failed |= {stream for stream, follower in _FOLLOWED_BY.items() if follower in failed}
    for stream, outcome in work.outcomes.items():
        if stream not in failed:
            cursor = work.cursors.get(stream, {}) | work.moved.get(stream, {})
            if work.scope.only_accounts is None:
                cursor |= {"asked_at": iso(work.now()), "refused": _is_closed(outcome)}
            work.cursors[stream] = cursor


def _is_closed(outcome: Outcome) -> bool:
    """Not in the plan, or not offered by this deployment."""
    return outcome.refusal is not None or outcome.absence is not None
