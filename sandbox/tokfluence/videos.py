"""The TikTok videos there are: those of the portfolio, and some of creators nobody here has."""

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from sandbox.world.accounts import Account
from sandbox.world.chance import HOUR, digest, unit
from sandbox.world.counters import post_counters
from sandbox.world.posts import Post
from sandbox.world.world import World

MANY_COMMENTS: Final = 1_900
_HASHTAG: Final = re.compile(r"#(\w+)")
_MENTION: Final = re.compile(r"@([\w.]+)")


class Counters(NamedTuple):
    """Totals of one video at one analysis; shares are None where they are hidden."""

    views: int
    likes: int
    comments: int
    shares: int | None
    saves: int


class Music(NamedTuple):
    """The sound under a video."""

    title: str
    author: str
    original: bool


@dataclass(frozen=True, slots=True)
class Video:
    """One video and whose it is; `ours` is whether the creator is an account of the portfolio."""

    account: Account
    post: Post
    ours: bool

    @property
    def id(self) -> str:
        """TikTok's own id: the number at the end of the URL."""
        return self.post.platform_post_id

    @property
    def url(self) -> str:
        """Where the video is; some creators write their handle with capitals."""
        return self.post.url(self.account)

    @property
    def handle(self) -> str:
        """The creator's handle as TikTok compares it: lower case, without @."""
        return self.account.username.lower()

    def counters(self, at: int) -> Counters:
        """What an analysis at this moment measures, however the account is connected elsewhere."""
        seen = post_counters(replace(self.account, kind="steady", switched_at=None), self.post, at)
        hidden = unit("tokfluence", "no shares", self.post.id) < 0.04
        return Counters(
            views=seen.views or 0,
            likes=seen.likes or 0,
            comments=seen.comments or 0,
            shares=None if hidden else seen.shares or 0,
            saves=seen.bookmarks or 0,
        )

    def music(self) -> Music | None:
        """The sound, unknown for a few."""
        luck = unit("tokfluence", "music", self.post.id)
        if luck < 0.05:
            return None
        if luck < 0.6:
            return Music("original sound", self.handle, True)
        return Music(f"Track {int(luck * 1000)}", "somebody else", False)

    def hashtags(self) -> list[str]:
        """Those of the caption, without #."""
        return _HASHTAG.findall(self.post.caption or "")

    def mentions(self) -> list[str]:
        """Those of the caption, without @."""
        return _MENTION.findall(self.post.caption or "")

    def is_sponsored(self) -> bool:
        """Whether the caption says it is an advertisement."""
        return "#ad" in (self.post.caption or "")


def is_video(account: Account, post: Post) -> bool:
    """Whether a post is a TikTok video: photo posts are not analysed."""
    return account.platform == "tiktok" and post.content_type == "video"


def foreign_world(home: World) -> World:
    """Three creators with forty videos whom no account of the portfolio knows."""
    seed = int.from_bytes(digest(home.seed, "tokfluence", "foreign", size=6), "big")
    return World(seed, 3, 40, home.days, home.origin)


def foreign_video(account: Account, post: Post, home: World) -> Video:
    """A video of a foreign creator: capitals in the URL, and some name an account of ours."""
    named = home.everyone()[post.phase % len(home.everyone())].username
    caption = f"{post.caption or ''} with @{named}" if post.phase % 3 else post.caption
    shown = replace(account, username=account.username.title())
    return Video(shown, replace(post, caption=caption), ours=False)


def with_many_comments(video: Video) -> Video:
    """The same video with a great many comments, nearly all of them within a day."""
    post = replace(video.post, comment_total=MANY_COMMENTS, comment_tau=2.0 * HOUR)
    return replace(video, post=post)
