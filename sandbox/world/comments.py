"""Comments: a post's list is a function of how many had arrived at its newest snapshot.

So the list changes exactly when the counter in a new snapshot has moved, as a cache that is
filled with the snapshot would.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import log

from sandbox.world import text
from sandbox.world.chance import dice, uuid_of
from sandbox.world.posts import Post


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as the cache holds it. `author` is None when the author is gone."""

    id: str
    parent_id: str | None
    author: str | None
    text: str
    likes: int
    reply_count: int
    published_at: int


def arrivals(post: Post, until: int) -> int:
    """How many comments a post had at this time."""
    ages = _arrival_ages(post.comment_total or 0, post.comment_tau)
    return bisect_right(ages, until - post.published_at)


def comments_at(post: Post, count: int, newest: int) -> list[Comment]:
    """The newest of the first `count` comments of a post, newest first."""
    ages = _arrival_ages(post.comment_total or 0, post.comment_tau)
    parents = [_parent(post, n) for n in range(count)]
    oldest = max(0, count - newest)
    return [_comment(post, n, ages[n], count, parents) for n in reversed(range(oldest, count))]


@lru_cache(maxsize=1024)
def _arrival_ages(total: int, tau: float) -> tuple[int, ...]:
    """Seconds after publication at which each comment arrives: most early, a few late."""
    return tuple(60 + int(-tau * log(1 - (n + 0.5) / (total + 1))) for n in range(total))


def _comment_id(post: Post, n: int) -> str:
    return uuid_of(post.id, "comment", n)


@lru_cache(maxsize=65_536)
def _parent(post: Post, n: int) -> int | None:
    """Every fifth comment or so answers an earlier one that is not itself an answer."""
    draw = dice(post.id, "parent", n)
    if n == 0 or draw.random() > 0.2:
        return None
    parent = draw.randrange(n)
    return parent if _parent(post, parent) is None else None


def _comment(post: Post, n: int, age: int, count: int, parents: list[int | None]) -> Comment:
    draw = dice(post.id, "comment", n)
    parent = parents[n]
    return Comment(
        id=_comment_id(post, n),
        parent_id=None if parent is None else _comment_id(post, parent),
        author=text.username(draw) if draw.random() > 0.03 else None,
        text=text.remark(draw),
        likes=int(draw.expovariate(0.5) * (count - n)),
        reply_count=parents.count(n),
        published_at=post.published_at + age,
    )
