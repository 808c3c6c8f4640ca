"""When Tokfluence analyses a video by itself: first after a lag, then rarer with age."""

from bisect import bisect_right
from functools import lru_cache
from typing import Final

from sandbox.world.chance import DAY, HOUR, unit
from sandbox.world.posts import Post

_NEVER: Final = 1 / 15  # of all videos; only somebody's analyze brings them in
_SLOW: Final = 0.1  # of all videos
_HORIZON_DAYS: Final = 3_000


def first_analysis(post: Post) -> int | None:
    """When the video enters the index by itself, or None: never."""
    if unit("tokfluence", "never", post.id) < _NEVER:
        return None
    luck = unit("tokfluence", "lag", post.id)
    days = 2 + 30 * luck if luck < _SLOW else 1.8 * luck
    return post.published_at + HOUR + int(days * DAY)


def newest_analysis(post: Post, until: int) -> int | None:
    """The newest analysis of the video's own schedule up to a moment."""
    first = first_analysis(post)
    if first is None or first > until:
        return None
    ages = _ages(post.phase)
    return first + ages[bisect_right(ages, until - first) - 1]


@lru_cache(maxsize=64)
def _ages(phase: int) -> tuple[int, ...]:
    """Seconds after the first analysis: daily for a week, then every third day, then tenth."""
    days = (
        *range(7),
        *range(7 + phase % 3, 30, 3),
        *range(30 + phase % 10, _HORIZON_DAYS, 10),
    )
    return tuple(day * DAY for day in days)
