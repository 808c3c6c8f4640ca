"""The comments of one post: what the provider serves of them."""

from __future__ import annotations

import hashlib
from typing import Any

from ..landing.batch import Batch
from ..landing.changes import carried, differs
from ..landing.held import Held
from ..landing.rows import Reader, Reject, first, identifier
from .account_work import AccountWork, PostWork
from .client import COMMENT_LIMIT, TokPortalClient
from .tables import COMMENTS, POST_MARKS

Row = dict[str, Any]


async def read_comments(
    work: AccountWork, post: PostWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The comments that the provider serves of a post: 50 at most, and no way to more."""
    seen, now = post.seen, work.now()
    page = await client.list_comments(work.account_id, seen.tracked_post_id)
    truncated = len(page) >= COMMENT_LIMIT
    rows.served += len(page)
    reader = Reader(COMMENTS, rows.tenant)
    stored = (
        held.where(COMMENTS, work.account_id, "tracked_post_id", seen.tracked_post_id)
        if seen.stored
        else {}
    )
    known = {
        "account_id": work.account_id,
        "tracked_post_id": seen.tracked_post_id,
        "listing_truncated": truncated,
    }
    rejected = 0
    for raw in page:
        key = {} if identifier(raw, "comment_id", "id") else {"comment_id": _comment_key(raw, seen)}
        said = reader.read(raw, now, known | key)
        if isinstance(said, Reject):
            rows.reject(said, work.account_id, now)
            rejected += 1
            continue
        rows.repaired(COMMENTS, said, work.account_id)
        before = stored.get(COMMENTS.key_of(said.row))
        row = carried(COMMENTS, said, before)
        if differs(COMMENTS, row, before):
            rows.put(COMMENTS, row)
    if not rejected:  # else they are asked again, and land when the provider serves them right
        post.mark |= {"comments_through": seen.observed_at, "comment_count": seen.comment_count}
        rows.put(POST_MARKS, post.mark | {"fetched_at": now})
    work.outcome("comments").truncated += truncated


def _comment_key(raw: Any, seen: Any) -> str:
    parts = [
        seen.tracked_post_id,
        str(first(raw, "author_username", "author.username", "username") or ""),
        str(first(raw, "published_at", "created_at", "posted_at") or ""),
        str(first(raw, "text", "content") or ""),
    ]
    return "sha256:" + hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
