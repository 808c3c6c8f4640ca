"""The comments of a video, which keep their ids however many there come to be."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sandbox.tokfluence.videos import Video
from sandbox.world import text
from sandbox.world.chance import dice
from sandbox.world.comments import comments_at
from sandbox.world.posts import Post

COMMENTS_KEPT: Final = 10_000  # per video; the counter may say more
_LATE: Final = 1_000_000  # ordinals from here on are those of comments that a test added


@dataclass(frozen=True, slots=True)
class Late:
    """Comments added by hand at a moment; `before` is how many were added earlier."""

    at: int
    before: int
    count: int


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment or reply. `author` is None when the author is gone."""

    id: str
    parent_id: str | None
    author: str | None
    text: str
    likes: int
    reply_count: int
    published_at: int

    @property
    def picture_url(self) -> str | None:
        """The author's picture."""
        return self.author and f"https://p16.example.com/avatars/{self.author}.jpeg"


def remarks_of(video: Video, count: int, late: tuple[Late, ...]) -> list[Remark]:
    """The first so many comments of a video and those added by hand, oldest first."""
    seeded = list(_seeded(video.post, count))
    if not late:
        return seeded
    added = [_late(video.id, wave, n) for wave in late for n in range(wave.count)]
    return sorted([*seeded, *added], key=_order)


@lru_cache(maxsize=512)
def _seeded(post: Post, count: int) -> tuple[Remark, ...]:
    """The world's comments, numbered from 1 in order of arrival."""
    found = comments_at(post, count, count)[::-1]
    ids = {one.id: f"{post.platform_post_id}-c-{n}" for n, one in enumerate(found, 1)}
    return tuple(
        Remark(
            id=ids[one.id],
            parent_id=None if one.parent_id is None else ids[one.parent_id],
            author=one.author,
            text=one.text,
            likes=one.likes,
            reply_count=one.reply_count,
            published_at=one.published_at,
        )
        for one in found
    )


def _late(post_id: str, wave: Late, n: int) -> Remark:
    ordinal = _LATE + wave.before + n + 1
    draw = dice(post_id, "late comment", ordinal)
    return Remark(
        id=f"{post_id}-c-{ordinal}",
        parent_id=None,
        author=text.username(draw),
        text=text.remark(draw),
        likes=0,
        reply_count=0,
        published_at=wave.at,
    )


def _order(remark: Remark) -> tuple[int, int]:
    return remark.published_at, int(remark.id.rpartition("-")[2])
