"""Every TikTok video by its id, whether Tokfluence knows it or not."""

from collections.abc import Iterator

from sandbox.tokfluence.schedule import newest_analysis
from sandbox.tokfluence.videos import (
    Video,
    foreign_video,
    foreign_world,
    is_video,
    with_many_comments,
)
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY
from sandbox.world.posts import Post
from sandbox.world.world import World


class Catalogue:
    """The videos published so far. It grows with the clock, and is made anew after an edit."""

    def __init__(self, home: World) -> None:
        self._home, self._abroad = home, foreign_world(home)
        self._made: tuple[int, int] | None = None
        self._videos: dict[str, Video] = {}
        self._newest_first: list[Video] = []

    def find(self, post_id: str, now: int) -> Video | None:
        """The video with this id, once it is published."""
        self._grow(now)
        video = self._videos.get(post_id)
        return video if video and video.post.published_at <= now else None

    def all(self, now: int) -> list[Video]:
        """Every published video, newest first."""
        self._grow(now)
        return [one for one in self._newest_first if one.post.published_at <= now]

    def creators(self) -> list[tuple[Account, World]]:
        """Everybody on TikTok who is known here, with the world they are in."""
        return [
            (account, world)
            for world in (self._home, self._abroad)
            for account in world.everyone()
            if account.platform == "tiktok"
        ]

    def gone_at(self, video: Video) -> int | None:
        """When the video left TikTok: deleted, or with its banned creator."""
        world = self._home if video.ours else self._abroad
        ends = (world.edits.deleted_at(video.post), video.account.banned_at)
        return min((end for end in ends if end is not None), default=None)

    def many_comments_id(self) -> str | None:
        """The id of the video with 1,900 comments; None in a world without an old enough video."""
        for account in self._accounts():
            for post in self._home.first_posts(account):
                if is_video(account, post) and self._has_settled(account, post):
                    return post.platform_post_id
        return None

    def _grow(self, now: int) -> None:
        version = self._home.edits.version
        if self._made and self._made[0] == version and now <= self._made[1]:
            return
        self._made = version, now
        self._videos = {video.id: video for video in self._everything(now)}
        many = self.many_comments_id()
        if many in self._videos:
            self._videos[many] = with_many_comments(self._videos[many])
        self._newest_first = sorted(self._videos.values(), key=_age, reverse=True)

    def _everything(self, now: int) -> Iterator[Video]:
        for account in self._accounts():
            for post in self._home.published(account, now, deleted=True):
                if is_video(account, post):
                    yield Video(account, post, ours=True)
        for account in self._abroad.everyone():
            for post in self._abroad.published(account, now, deleted=True):
                if is_video(account, post):
                    yield foreign_video(account, post, self._home)

    def _has_settled(self, account: Account, post: Post) -> bool:
        """Whether the clock starts after an analysis that found all comments there will be."""
        analysed_at = newest_analysis(post, account.thaw(self._home.origin))
        lasting = post.deleted_at is None
        return lasting and analysed_at is not None and analysed_at - post.published_at > DAY

    def _accounts(self) -> list[Account]:
        """Whose posts are looked at: of a huge world the first fifty accounts."""
        everyone = [one for one in self._home.everyone() if one.platform == "tiktok"]
        return self._home.sampled(everyone)


def _age(video: Video) -> tuple[int, str]:
    return video.post.published_at, video.id
