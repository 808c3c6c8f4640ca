"""What earlier runs left behind: marks of posts, and posts that Tokfluence does not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..http.errors import Skippable
from ..landing.batch import Batch
from ..landing.held import Held
from .addresses import UNKNOWN
from .marks import Mark
from .scope import Scope
from .tables import MISSING_POSTS, POST_MARKS

Row = dict[str, Any]


class FutureMark(Skippable):
    """A stored moment lies ahead of the provider's clock."""

    code = "cursor_in_future"
    remedy = "These posts are read anew. If it stays, a clock is wrong: theirs or the warehouse's."


@dataclass
class Known:
    """`marks` and `missing` by post id, kept up to date while the run goes on.

    `handles`: whose rows each post's are in the warehouse, also where its mark is not believed.
    """

    marks: dict[str, Mark] = field(default_factory=dict)
    missing: dict[str, Row] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)

    def handle_of(self, post_id: str, *said: str | None) -> str:
        """Where the post's rows are; else the first handle that anybody says."""
        return self.handles.get(post_id) or next(filter(None, said), UNKNOWN)

    def is_missing(self, post_id: str, now: datetime) -> bool:
        """Whether asking for it would only cost a credit."""
        retry_after = self.missing.get(post_id, {}).get("retry_after")
        return retry_after is not None and bool(retry_after > now)

    def keep(self, mark: Mark, rows: Batch, now: datetime) -> None:
        """A mark that moved."""
        self.marks[mark.post_id] = mark
        self.handles[mark.post_id] = mark.creator_handle
        rows.put(POST_MARKS, mark.row(rows.tenant, now))

    def not_there(self, post_id: str, handle: str, rows: Batch, scope: Scope) -> None:
        """A post was asked for in vain: not again before `missing_retry_days` have passed."""
        now, before = scope.now(), self.missing.get(post_id, {})
        still = before and before["found_at"] is None
        row = {
            "tenant": rows.tenant,
            "post_id": post_id,
            "creator_handle": handle,
            "first_missing_at": before["first_missing_at"] if still else now,
            "last_checked_at": now,
            "retry_after": now + timedelta(days=scope.options.missing_retry_days),
            "checks": (before.get("checks") or 0) + 1,
            "found_at": None,
            "fetched_at": now,
        }
        self.missing[post_id] = row
        rows.put(MISSING_POSTS, row)

    def there(self, post_id: str, rows: Batch, now: datetime) -> None:
        """A post was found: if it was missing, it no longer is."""
        before = self.missing.get(post_id)
        if before is not None and before["found_at"] is None:
            row = before | {"retry_after": None, "found_at": now, "fetched_at": now}
            self.missing[post_id] = row
            rows.put(MISSING_POSTS, row)


def read_known(held: Held, scope: Scope, batch: Batch) -> Known:
    """What the warehouse holds of completed loads. With --full-refresh marks are not believed; that
    a post is missing is: it would cost a credit to hear it again."""
    missing = held.whole(MISSING_POSTS).values()
    known = Known(missing={s.row["post_id"]: s.row for s in missing if s.completed})
    future = []
    for stored in held.whole(POST_MARKS).values():
        mark = Mark.of(stored.row)
        known.handles[mark.post_id] = mark.creator_handle
        if mark.ahead_of(scope.now()):
            future.append(mark.post_id)
        elif stored.completed and not scope.full_refresh:
            known.marks[mark.post_id] = mark
    _tell(future, scope, batch)
    return known


def _tell(future: Iterable[str], scope: Scope, batch: Batch) -> None:
    if posts := list(future):
        error = FutureMark(f"{len(posts)} posts were read after {scope.now()}, {posts[0]} first")
        scope.notes.error(batch, scope.now(), error, "posts")
