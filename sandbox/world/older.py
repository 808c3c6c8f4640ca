"""What the first generation of analytics says of an account: sums over its videos at a capture."""

from dataclasses import dataclass

from sandbox.world.chance import DAY
from sandbox.world.measured import PostCounters


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """Totals of one account; unmeasured counters add nothing."""

    captured_at: int
    followers: int | None
    following: int | None
    videos: int
    views: int
    likes: int
    comments: int
    shares: int
    bookmarks: int
    weekly_posts: float

    @property
    def engagement_rate(self) -> float | None:
        """Percent: likes over views."""
        return round(100 * self.likes / self.views, 2) if self.views else None

    @property
    def average_views(self) -> float | None:
        """Views per video."""
        return round(self.views / self.videos, 2) if self.videos else None


def add_up(
    captured_at: int,
    followers: int | None,
    following: int | None,
    posts: list[tuple[int, PostCounters]],
) -> AccountTotals:
    """Totals over (time of publication, counters) of every tracked post."""
    counters = [one for _, one in posts]
    oldest = min((at for at, _ in posts), default=captured_at)
    weeks = max(1.0, (captured_at - oldest) / (7 * DAY))
    return AccountTotals(
        captured_at=captured_at,
        followers=followers,
        following=following,
        videos=len(posts),
        views=sum(c.views or 0 for c in counters),
        likes=sum(c.likes or 0 for c in counters),
        comments=sum(c.comments or 0 for c in counters),
        shares=sum(c.shares or 0 for c in counters),
        bookmarks=sum(c.bookmarks or 0 for c in counters),
        weekly_posts=round(len(posts) / weeks, 2),
    )
