"""The comments of one post: what the provider serves of them."""

from __future__ import annotations

import hashlib
from typing import Any

from ..extraction.proof import prove
from ..extraction.removal import back_with
from ..extraction.table_reader import TableReader
from ..landing.batch import Batch
from ..landing.changes import carried
from ..landing.held import Held
from ..landing.rows import Said, first, identifier
from .account_work import AccountWork, PostWork
from .client import COMMENT_LIMIT, TokPortalClient
from .marks import CommentsMark
from .posts import SeenPost
from .tables import COMMENTS, POST_MARKS, TRACKED_POSTS

Row = dict[str, Any]

_ID = ("comment_id", "id")
_DERIVED = "sha256:"  # the start of a key that stands for an id nobody gives


async def read_comments(
    work: AccountWork, post: PostWork, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """The comments that the provider serves of a post: 50 at most, and no way to more.

    Where a row had to be rejected the mark stays: they are asked again, and land when the provider
    serves them right. It also stays while nothing tells whether comments have ids: a key that was
    made up is corrected at the next run.
    """
    seen, now = post.seen, work.now()
    page = await client.list_comments(work.account_id, seen.tracked_post_id)
    truncated = len(page) >= COMMENT_LIMIT
    rows.served += len(page)
    reader = _CommentReader(work, rows, held, seen)
    known = {
        "account_id": work.account_id,
        "tracked_post_id": seen.tracked_post_id,
        "listing_truncated": truncated,
    }
    has_ids = _comments_have_ids(work, page, reader)
    for raw in page:
        derived = not has_ids and not _has_id(raw)
        reader.put(raw, known | ({"comment_id": _comment_key(raw, seen)} if derived else {}))
    # An empty page of a post that has comments may be a cache that is not filled.
    believed = bool(page) or not seen.comment_count
    proof = prove(
        len(reader.landed), rejected=reader.rejected, truncated=truncated, counted=believed
    )
    reader.conclude(proof, held)
    if not reader.rejected and (has_ids is not None or not page):
        post.comments = CommentsMark(seen.observed_at, seen.comment_count)
        rows.put(POST_MARKS, post.mark | {"fetched_at": now})
    work.outcome("comments").truncated += truncated


class _CommentReader(TableReader):
    """Reads the comments of one post. Fields that a plan does not show keep what was stored."""

    def __init__(self, work: AccountWork, rows: Batch, held: Held, seen: SeenPost) -> None:
        post_id, account_id = seen.tracked_post_id, work.account_id
        stored = held.where(COMMENTS, account_id, "tracked_post_id", post_id) if seen.stored else {}
        before = held.of(TRACKED_POSTS, account_id).get((post_id,)) if stored else None
        super().__init__(
            COMMENTS, rows, work.now(), back_with(before, stored), account_id=account_id
        )

    def stored_has_ids(self) -> bool:
        """Whether the provider has told ids of this post's comments before."""
        return any(not str(key).startswith(_DERIVED) for (key,) in self.stored)

    def _completed(self, said: Said) -> Row:
        return carried(COMMENTS, said, self.stored.get(COMMENTS.key_of(said.row)))


def _comments_have_ids(work: AccountWork, page: list[Any], reader: _CommentReader) -> bool | None:
    """Whether the provider gives comments an id, which is not documented; None: nothing tells.

    One comment that has an id tells that they do, several of which none has one that they do not.
    The account's cursors remember it. Where they do, a comment without an id is rejected; else what
    it says stands for its id, so that a provider without ids loses nothing.
    """
    if any(map(_has_id, page)) or reader.stored_has_ids():
        work.cursors["comments_have_ids"] = True
    elif len(page) > 1:
        work.cursors.setdefault("comments_have_ids", False)
    found = work.cursors.get("comments_have_ids")
    if found is not None and not work.scope.comments_have_ids:
        work.scope.comments_have_ids = found
    return work.scope.comments_have_ids


def _has_id(raw: Any) -> bool:
    return identifier(raw, *_ID) is not None


def _comment_key(raw: Any, seen: SeenPost) -> str:
    """What stands for the id where the provider gives none to any comment of the post."""
    parts = [
        seen.tracked_post_id,
        str(first(raw, "author_username", "author.username", "username") or ""),
        str(first(raw, "published_at", "created_at", "posted_at") or ""),
        str(first(raw, "text", "content") or ""),
    ]
    return _DERIVED + hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
