"""A post as Genviral has it: its own id, its own idea of when, and counters of one refresh."""

from typing import Final, NamedTuple

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, uuid_of
from sandbox.world.counters import post_counters
from sandbox.world.posts import ADDED, Post

# A post's phase is drawn evenly from 24; here it decides what is odd about the post.
_COARSE: Final = frozenset(range(1, 6))  # told without its time, so that times are equal
_NO_NATIVE_ID: Final = frozenset({6, 7})  # its permalink has it
_CREATED: Final = frozenset(range(8, 16))  # made through Genviral, if the account posts there
_FOUND_LATER: Final = frozenset({8, 9, 10})  # matched two to four days after publication
_NO_EXTERNAL_ID: Final = frozenset({10, 12, 13})


class Tracked(NamedTuple):
    """One analytics row, before anything is said of it. Counters are None where not measured."""

    analytics_id: str
    target_id: str
    post: Post
    published_at: int
    native_id_shown: bool
    genviral_post_id: str | None
    external_id: str | None
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None

    @property
    def engagement_rate(self) -> float | None:
        """Percent of views, counting likes, comments, shares and saves."""
        return percent(self.views, self.likes, self.comments, self.shares, self.saves)


def percent(views: int | None, *interactions: int | None) -> float | None:
    """Interactions per hundred views; without views nothing is known, of no views it is zero."""
    if views is None:
        return None
    return round(sum(one or 0 for one in interactions) * 100 / views, 2) if views else 0.0


def tracked(seed: int, target_id: str, account: Account, post: Post, at: int) -> Tracked:
    """A post as it was measured at a moment."""
    counters = post_counters(account, post, at)
    matched = made_here(account, post) and at >= _matched_at(post)
    return Tracked(
        analytics_id=uuid_of(seed, "genviral analytics", post.id),
        target_id=target_id,
        post=post,
        published_at=published_at(account, post),
        native_id_shown=post.phase not in _NO_NATIVE_ID,
        genviral_post_id=created_id(seed, post) if matched else None,
        external_id=external_id(post) if matched else None,
        views=counters.views,
        likes=counters.likes,
        comments=counters.comments,
        shares=counters.shares,
        saves=counters.bookmarks,
    )


def posts_here(account: Account) -> bool:
    """Whether posts of the account are made through Genviral: every other account."""
    return account.index % 2 == 0


def made_here(account: Account, post: Post) -> bool:
    """Whether a post was made through Genviral; what a test adds to the world never was."""
    return posts_here(account) and post.phase in _CREATED and post.ordinal < ADDED


def published_at(account: Account, post: Post) -> int:
    """When the post was published, as Genviral tells it: of some no more than the day is known.

    Of accounts that post a lot a part of the day, so that a few posts share a time, not dozens.
    """
    t, step = post.published_at, DAY // max(1, account.post_quota // 864)
    return t - t % step if post.phase in _COARSE else t


def created_id(seed: int, post: Post) -> str:
    """The id of the created post that this post came from."""
    return uuid_of(seed, "genviral created", post.id)


def external_id(post: Post) -> str | None:
    """The reference that was given when the post was made."""
    return None if post.phase in _NO_EXTERNAL_ID else f"ext-{post.id[:8]}"


def _matched_at(post: Post) -> int:
    late = (post.phase - 6) * DAY if post.phase in _FOUND_LATER else 0
    return post.published_at + late
