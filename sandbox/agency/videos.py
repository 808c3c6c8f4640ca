"""The videos of a bundle: one slot per ordered video, filled by the account's own posts.

A slot whose video was published and is tracked has the post's `video_id` as its id. Others
wait, or are live but not tracked: analytics know nothing of them.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from sandbox.agency.bundles import Bundle
from sandbox.world import text
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, dice
from sandbox.world.posts import Post
from sandbox.world.world import World

_STEPS: Final = ((0, "published"), (DAY // 2, "in_review"), (2 * DAY, "finalized"))


@dataclass(frozen=True, slots=True)
class Slot:
    """One ordered video. `live_at`: when it is on its platform, None if never."""

    id: str
    bundle: Bundle
    position: int
    video_type: str
    description: str | None
    external_ref: str | None
    target_day: int
    live_at: int | None
    platform_url: str | None
    post: Post | None

    def is_live(self, now: int) -> bool:
        """Whether the video is on its platform."""
        return self.live_at is not None and self.live_at <= now

    def status(self, now: int) -> str:
        """pending, configured, then what happens after publication."""
        if self.live_at is None:
            return "pending" if self.description is None else "configured"
        passed = [name for wait, name in _STEPS if self.live_at + wait <= now]
        return passed[-1] if passed else "configured"

    def finalized_at(self, now: int) -> int | None:
        """When the video was accepted for good."""
        done = self.status(now) == "finalized"
        return None if self.live_at is None or not done else self.live_at + _STEPS[-1][0]


def slots_of(world: World, bundle: Bundle) -> list[Slot]:
    """Every slot of a bundle, by position."""
    posts = _made_here(world, bundle)
    return [
        _slot(world, bundle, position, posts[position - 1 : position])
        for position in range(1, bundle.videos_quantity + 1)
    ]


def _made_here(world: World, bundle: Bundle) -> list[Post]:
    """The account's oldest posts that were made through TokPortal; the last slot stays free."""
    if bundle.account is None or bundle.bundle_type == "videos_only":
        return []
    posts = world.first_posts(bundle.account)
    return list(islice((p for p in posts if p.video_id), max(0, bundle.videos_quantity - 1)))


def _slot(world: World, bundle: Bundle, position: int, posts: list[Post]) -> Slot:
    return _filled(bundle, position, posts[0]) if posts else _open(world, bundle, position)


def _filled(bundle: Bundle, position: int, post: Post) -> Slot:
    assert bundle.account is not None
    return Slot(
        id=post.video_id or "",
        bundle=bundle,
        position=position,
        video_type=post.content_type,
        description=post.caption,
        external_ref=post.external_ref,
        target_day=post.published_at // DAY,
        live_at=post.published_at,
        platform_url=post.url(bundle.account),
        post=post,
    )


def _open(world: World, bundle: Bundle, position: int) -> Slot:
    """Live a few days after the clock's start, or never; its post is not tracked."""
    draw = dice(world.seed, "slot", bundle.id, position)
    goes_live = bundle.account is not None and draw.random() < 0.7
    live_at = world.origin + int(draw.uniform(-3, 6) * DAY) if goes_live else None
    return Slot(
        id=f"vid_{draw.randrange(16**12):012x}",
        bundle=bundle,
        position=position,
        video_type=draw.choice(("video", "carousel", "story")),
        description=text.caption(draw) if goes_live or draw.random() < 0.5 else None,
        external_ref=f"{bundle.external_ref or 'clip'}-{position:02d}",
        target_day=world.origin // DAY + draw.randint(-3, 10),
        live_at=live_at,
        platform_url=_untracked_url(bundle.account, draw.randrange(10**17)) if live_at else None,
        post=None,
    )


def _untracked_url(account: Account | None, number: int) -> str:
    home = account.profile_url if account else "https://www.tiktok.com/@somebody"
    return f"{home}/video/{7_200_000_000_000_000_000 + number}"
