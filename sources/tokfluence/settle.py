"""All pieces of a creator's posts are done: how each stream stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..extraction.proof import prove, together
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held
from ..landing.outcomes import SYNC_ACCOUNT_STATUS
from .addresses import UNKNOWN
from .creator_work import CreatorWork
from .options import creators, listed
from .scope import Scope

_STREAMS = ("posts", "comments")


def settle(work: CreatorWork, batch: Batch, held: Held) -> None:
    """Status and completeness rows. A creator of whom nothing was due stands well: everything that
    the schedule asks for is there."""
    for stream in _STREAMS:
        if stream not in work.scope.streams:
            continue
        if work.outcome(stream).pieces or work.outcome(stream).failures:
            _prove(work, stream, batch)
        if work.account_id != UNKNOWN:  # from its first reading on a post has a creator
            work.stands(stream, work.status_of(stream), batch, held, _through(work, stream))


def retire(scope: Scope, followed: Collection[str], batch: Batch, held: Held) -> None:
    """Creators and campaigns that are followed no longer: their streams would look stale."""
    if scope.only_accounts is not None:
        return
    chosen = dict.fromkeys(_STREAMS, followed)
    chosen |= {"campaigns": listed(scope.options.campaign_ids), "creators": creators(scope.options)}
    for (account_id, stream), stored in held.whole(SYNC_ACCOUNT_STATUS).items():
        left = stream in scope.streams and account_id not in chosen.get(stream, ())
        if left and stored.row["status"] != "skipped":
            scope.notes.status(batch, scope.now(), stream, account_id, "skipped", stored)


def _through(work: CreatorWork, stream: str) -> str | None:
    """When the stream was read last."""
    marks = [work.known.marks[post] for post in work.post_ids if post in work.known.marks]
    name = "read_at" if stream == "posts" else "comments_read_at"
    moments = [moment for mark in marks if (moment := getattr(mark, name))]
    return iso(max(moments)) if moments else None


def _prove(work: CreatorWork, stream: str, batch: Batch) -> None:
    outcome = work.outcome(stream)
    if stream == "posts":
        equation = "posts found + posts missing = posts due"
        proof = prove(
            outcome.pieces - work.unreadable,
            expected=outcome.pieces + len(outcome.failures),
            rejected=work.unreadable,
        )
    else:
        proof = together(work.proofs)
        equation = "distinct ids in the table = meta.total, over all posts asked"
    if outcome.failures:
        proof = replace(proof, status="failed")
    work.scope.notes.complete(batch, work.now(), stream, proof, equation, work.account_id)
