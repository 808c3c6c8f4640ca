"""The comment pulse: a sample of comments on the top posts, with the provider's analysis of it.

GET /analytics/comments (developers.tokportal.com/analytics, "Comment Pulse"); full plan only. The
provider may fetch comments while it answers, so it is asked once a day and without parameters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..extraction.offered import offered
from ..extraction.table_reader import TableReader, narrowed
from ..extraction.work import Work
from ..landing.batch import Batch
from ..landing.days import iso
from ..landing.held import Held
from ..landing.rows import Said, first, identifier
from .agency_tables import COMMENT_PULSE_SNAPSHOTS as PULSE
from .client import POST_ID, TokPortalClient
from .tables import COMMENTS

_COMPARED = narrowed(PULSE)
_SAMPLED = ("sampled_posts", "posts")
_SHOWN = (
    "comment_id",
    "tracked_post_id",
    "parent_comment_id",
    "author_username",
    "text",
    "likes",
    "published_at",
)


async def read_pulse(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """The pulse as a snapshot, when it differs from the newest that is held."""
    body = await offered(client.get_comment_pulse(work.scope.options.workspace))
    sample = rows.privacy.masked(_list(body.get("comments")))
    body["comments"] = rows.privacy.comments(sample)
    now = work.now()
    newest = next(iter(held.whole(_COMPARED, newest=1).values()), None)
    stored = {(rows.tenant, now): newest} if newest else {}
    reader = TableReader(PULSE, rows, now, stored, _COMPARED)
    told = {
        "comments": _comments(body["comments"], rows, now),
        "sampled_posts": [identifier(post, *POST_ID) for post in _list(first(body, *_SAMPLED))],
    }
    reader.put(body | told, {"tenant": rows.tenant, "fetched_at": now}, keep=body)


def _comments(sample: list[Any], rows: Batch, now: datetime) -> list[Any]:
    """The sampled comments under the column names of `comments`; unusable ones as they came."""
    reader, named = rows.reader(COMMENTS), []
    for raw in sample:
        known = {"tracked_post_id": identifier(raw, "tracked_post_id")}
        said = reader.read(raw, now, known)
        named.append({n: _plain(said.row[n]) for n in _SHOWN} if isinstance(said, Said) else raw)
    return named


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
