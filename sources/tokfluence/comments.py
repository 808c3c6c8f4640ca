"""All comments of one post, as many as the provider counts."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

from ..extraction.proof import prove_listing
from ..extraction.table_reader import TableReader
from ..http.errors import Fatal, WalkError
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held, Key, Stored
from ..landing.rows import first, identifier
from ..landing.values import Unusable, timestamp
from .client import TokfluenceClient
from .creator_work import CreatorWork
from .marks import Mark
from .paging import CursorPage, CursorWalk, walk_proven
from .tables import COMMENTS

Row = dict[str, Any]

_ID = ("comment_id", "commentId", "id")


async def read_comments(
    work: CreatorWork, post_id: str, client: TokfluenceClient, rows: Batch, held: Held
) -> None:
    """Walk the comments of a post. What a walk that failed had read lands all the same, for it is
    paid; the mark then says where to go on, or stays."""
    mark = work.known.marks[post_id]
    stored = held.where(COMMENTS, work.creator, "post_id", post_id)
    earlier = _read_before(mark, stored)
    walk = CursorWalk(lambda raw: identifier(raw, *_ID), cursor=mark.comments_cursor or 0)

    async def ask(cursor: int) -> CursorPage:
        return await client.list_comments(post_id, cursor)

    try:
        listing = await walk_proven(walk, ask, earlier)
    except (Fatal, asyncio.CancelledError):
        paid = work.paid()
        _put(work, mark, walk, paid, stored)
        work.known.keep(replace(mark, comments_cursor=walk.cursor or None), paid, work.now())
        raise
    except WalkError as error:
        _put(work, mark, walk, rows, stored)
        work.known.keep(replace(mark, comments_cursor=None), rows, work.now())
        work.failed("comments", error, rows, post_id)
        return
    reader = _put(work, mark, walk, rows, stored)
    landed = {key for (key,) in reader.landed} | earlier
    proof = prove_listing(
        listing, len(landed), reader.rejected, lower_bound=True, withheld=reader.withheld
    )
    reader.conclude(proof, held, everything=not earlier)
    if proof.complete and (mark.comment_count or 0) > (walk.total or 0):
        proof = replace(proof, status="truncated_at_source")
    work.proofs.append(proof)
    if reader.rejected:
        return  # asked again at the next run, and landed when the provider serves them right
    # Moved or unproven, it is not walked again before the counter moves: that would cost the same.
    done = replace(
        mark,
        comments_read_at=work.now(),
        comments_read_count=mark.comment_count,
        comments_cursor=None,
    )
    work.known.keep(done, rows, work.now())


def _read_before(mark: Mark, stored: dict[Key, Stored]) -> frozenset[str]:
    """The comments that a walk which broke off had read: only then they count towards the total."""
    if not mark.comments_cursor:
        return frozenset()
    return frozenset(str(key[0]) for key in stored)


def _put(
    work: CreatorWork, mark: Mark, walk: CursorWalk, rows: Batch, stored: dict[Key, Stored]
) -> TableReader:
    rows.served += walk.found
    reader = TableReader(COMMENTS, rows, work.now(), stored, account_id=work.creator)
    named = {"post_id": mark.post_id, "creator_handle": mark.creator_handle}
    for raw in walk.every_row:
        reader.put(raw, named | {"content_hash": content_hash(mark.post_id, raw)})
    return reader


def content_hash(post_id: str, raw: Any) -> str:
    """What was said, by whom, when and where: the same comment under another id is the same."""
    said = raw if isinstance(raw, dict) else {"text": repr(raw)}
    author = first(said, "author_username", "authorUsername")
    moment = first(said, "published_at", "publishedAt", "created_at")
    parts = (post_id, author, _instant(moment), first(said, "text"))
    text = "\0".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _instant(moment: Any) -> str:
    try:
        return iso(timestamp(moment))
    except Unusable:
        return str(moment or "")
