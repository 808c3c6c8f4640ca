"""When a post was read, and when it is worth a credit again.

Nothing tells what changed, so age decides: figures of a young post move daily, later ones hardly.
Days are counted, not hours: a post has one row per day, and a second reading would replace it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from .options import Options

Row = dict[str, Any]

_TOLERANCE = timedelta(days=1)  # clocks of a provider's own parts differ


@dataclass(frozen=True)
class Mark:
    """What is known of one post; columns as in `post_marks`."""

    post_id: str
    creator_handle: str
    published_at: datetime | None = None
    read_at: datetime | None = None
    comment_count: int | None = None
    comments_read_at: datetime | None = None
    comments_read_count: int | None = None
    comments_cursor: int | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """The mark that a row of `post_marks` is; the warehouse gives times in its own zone."""
        values = {field.name: row[field.name] for field in fields(cls)}
        moments = {k: v.astimezone(UTC) for k, v in values.items() if isinstance(v, datetime)}
        return cls(**values | moments)

    def row(self, tenant: str, now: datetime) -> Row:
        return {"tenant": tenant, **vars(self), "fetched_at": now}

    def ahead_of(self, now: datetime) -> bool:
        """A mark from the future would never be due: an integrity error."""
        moments = (self.read_at, self.comments_read_at)
        return any(moment and moment > now + _TOLERANCE for moment in moments)

    @property
    def wants_comments(self) -> bool:
        """Whether the comment counter moved since all comments were read. A counter of 0 says that
        there are none; without a counter they are read as often as the post."""
        if self.read_at is None:
            return False
        if self.comment_count is None:
            return self.comments_read_at is None or self.comments_read_at < self.read_at
        return self.comment_count != (self.comments_read_count or 0)


def overdue(options: Options, mark: Mark | None, now: datetime) -> float:
    """How many times the post's interval (0: every sync) has passed since it was read: due from 1
    on."""
    if mark is None or mark.read_at is None:
        return float("inf")
    days = (now.date() - mark.read_at.date()).days
    every = _every_days(options, mark.published_at, now)
    return days / every if every else max(1, days)


def _every_days(options: Options, published_at: datetime | None, now: datetime) -> int:
    if published_at is None:
        return options.settling_every_days
    age = now - published_at
    if age < timedelta(days=options.young_days):
        return options.young_every_days
    settling = age < timedelta(days=options.settling_days)
    return options.settling_every_days if settling else options.old_every_days
