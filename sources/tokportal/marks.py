"""How far a post (or an account) is complete, and when it is worth asking for more.

Counters of today come from the drilldown. Raw snapshots are history, and one request brings up to
30 of them: asked at every move they cost a request per snapshot, asked weekly a seventh of that.
So they are asked when the oldest unseen one is `raw_max_lag_days` old, or when about 25 are
expected, whichever is first. The lag never loses a row: a full page is always walked further.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from .posts import SeenPost

Row = dict[str, Any]

TOLERANCE = timedelta(days=1)  # clocks of a provider's own parts differ
_A_DAY, _LONG_AGO = timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)
_FULL_ENOUGH = 25  # of the 30 that one request brings


@dataclass
class Landed:
    """What a walk landed: capture times, also of rejected rows (None where it cannot be read)."""

    captures: list[datetime] = field(default_factory=list)
    rejected: list[datetime | None] = field(default_factory=list)


@dataclass(frozen=True)
class RawMark:
    """`observed_at`: the observation up to which raw snapshots were asked; `raw_through`: the
    newest that is held; `unseen_since`: the oldest observation met since and not asked;
    `held_until`: the last listing before that one, up to which every capture is held."""

    observed_at: datetime | None = None
    raw_through: datetime | None = None
    raw_per_day: float | None = None
    unseen_since: datetime | None = None
    held_until: datetime | None = None

    def ahead_of(self, now: datetime) -> bool:
        """A mark from the future would skip data: an integrity error, no reason to ask nothing."""
        return any(m and m > now + TOLERANCE for m in (self.observed_at, self.raw_through))

    def met(self, observed: datetime | None, listed_before: datetime | None = None) -> RawMark:
        """The mark after an observation was met in the drilldown; `listed_before`: when the
        drilldown before this one was read."""
        if observed is None or self.observed_at is None or observed <= self.observed_at:
            return self
        if self.unseen_since:
            return self
        return replace(self, unseen_since=observed, held_until=listed_before)

    def due(self, observed: datetime | None, now: datetime, max_lag_days: float) -> bool:
        """Whether raw snapshots should be asked now, `observed` being the newest observation."""
        if self.observed_at is None:
            return True
        if observed is None or observed <= self.observed_at:
            return False
        oldest = self.unseen_since or observed
        return (
            now - oldest >= timedelta(days=max_lag_days) or self._expected(observed) >= _FULL_ENOUGH
        )

    def _expected(self, observed: datetime) -> float:
        since = self.raw_through or self.observed_at
        if since is None or self.raw_per_day is None:
            return 0.0
        return (observed - since).total_seconds() / 86_400 * self.raw_per_day

    def after(self, walk: Landed, observed: datetime | None, now: datetime) -> RawMark:
        """The mark after a walk came to its proven end. Where rows were rejected it stays before
        the oldest of them: they are asked again, and land when the provider serves them right."""
        if not walk.rejected:
            return self.asked(observed, walk.captures, now)
        if None in walk.rejected:
            return self
        oldest = min(moment for moment in walk.rejected if moment)
        safe = [moment for moment in walk.captures if moment < oldest]
        safe += [self.raw_through] if self.raw_through else []
        return replace(self, raw_through=max(safe, default=None))

    def asked(self, observed: datetime | None, captures: list[datetime], now: datetime) -> RawMark:
        """The mark after raw snapshots were asked to a proven end.

        Never past now: a provider's row from the future must not become a cursor that skips data.
        """
        newest = max([c for c in captures if c <= now + TOLERANCE], default=None)
        through = max((m for m in (newest, self.raw_through) if m), default=None)
        seen_to = observed if observed and observed <= now + TOLERANCE else through or now
        known = {self.raw_through} if self.raw_through else set()
        return RawMark(seen_to, through, per_day({*captures, *known}) or self.raw_per_day, None)


def per_day(captures: set[datetime]) -> float | None:
    """Snapshots per day over what was met; None when that says nothing."""
    if len(captures) < 2:
        return None
    span = (max(captures) - min(captures)).total_seconds() / 86_400
    return (len(captures) - 1) / span if span > 0 else None


@dataclass(frozen=True)
class CommentsMark:
    """`comments_through`: the observation up to which the comments were asked, and `comment_count`:
    the counter then; `comments_unseen_since`: the oldest observation met since."""

    comments_through: datetime | None = None
    comment_count: int | None = None
    comments_unseen_since: datetime | None = None

    def met(self, observed: datetime | None) -> CommentsMark:
        """The mark after an observation was met in the drilldown."""
        through = self.comments_through
        if observed is None or through is None or observed <= through:
            return self
        return replace(self, comments_unseen_since=self.comments_unseen_since or observed)

    def due(
        self, observed: datetime | None, counter: int | None, now: datetime, max_lag_days: float
    ) -> bool:
        """Whether the comments should be asked now.

        At once when the counter moved; without a counter, when the post was measured again. While
        the counter stands still a comment may have vanished and an older one come into reach, so a
        post that was measured again is asked within the lag. A first time is always asked: some
        sources report 0 for "not known".
        """
        if self.comments_through is None and self.comment_count is None:
            return True
        if counter is None or self.comment_count is None:
            through = self.comments_through
            return observed is not None and (through is None or observed > through)
        unseen = self.comments_unseen_since
        overdue = unseen is not None and now - unseen >= timedelta(days=max_lag_days)
        return counter != self.comment_count or overdue


def by_worth(posts: Iterable[SeenPost], marks: Mapping[str, Row], now: datetime) -> list[SeenPost]:
    """Never asked first, then by whole days since they were asked, so that no post starves where
    requests are short; among those the fastest growing and youngest."""

    def worth(post: SeenPost) -> tuple[float, int, datetime]:
        asked = (marks.get(post.tracked_post_id) or {}).get("observed_at")
        waited = float("inf") if asked is None else (now - asked) // _A_DAY
        return waited, post.gained, post.published_at or _LONG_AGO

    return sorted(posts, key=worth, reverse=True)
