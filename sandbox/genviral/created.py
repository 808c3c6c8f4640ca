"""What was posted through Genviral: the accounts that post, and the posts that were made.

Every other account of the world posts through it. A third of its published posts were made
here, a few hours to two days before; beside them stand drafts, failures and plans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.genviral.tracked import created_id, external_id, made_here, posts_here
from sandbox.world import text
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, HOUR, dice, uuid_of
from sandbox.world.posts import Post
from sandbox.world.world import World

_EXTRAS: Final = 8  # posts per account that analytics never see
_STATUSES: Final = ("draft", "pending", "failed", "retry", "partial", "deleted", "scheduled")
_LONGEST_LEAD: Final = 2 * DAY
_TROUBLE: Final = "The platform refused the upload."


@dataclass(frozen=True, slots=True)
class PostingAccount:
    """An account one can post with. Its id is not that of the target with the same handle."""

    id: str
    account: Account
    type: str

    def active(self, now: int) -> bool:
        """Whether it is still connected; others are not listed."""
        return not self.account.banned(now)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a created post on one account."""

    account_id: str
    status: str
    published_at: int | None = None
    error_message: str | None = None
    last_attempted_at: int | None = None
    published_url: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A post that was made through Genviral, as it stands now."""

    id: str
    caption: str | None
    status: str
    created_at: int
    scheduled_at: int | None
    music_url: str | None
    external_id: str | None
    slideshow: bool
    attempts: tuple[Attempt, ...]


def posting_accounts(world: World) -> list[PostingAccount]:
    """Every account that was ever connected for posting."""
    return [
        PostingAccount(
            id=uuid_of(world.seed, "genviral account", account.id),
            account=account,
            type="byo" if account.index % 4 == 0 else "hosted",
        )
        for account in world.everyone()
        if posts_here(account)
    ]


def created_posts(world: World, now: int) -> list[Created]:
    """Every post made by now, newest first."""
    found = [*_published(world, now), *_extras(world, now)]
    made = [one for one in found if one.created_at <= now]
    return sorted(made, key=lambda one: (-one.created_at, one.id))


def _published(world: World, now: int) -> Iterator[Created]:
    for one in posting_accounts(world):
        for post in world.published(one.account, now + _LONGEST_LEAD, deleted=True):
            if made_here(one.account, post):
                yield _made(world.seed, one, post, now)


def _made(seed: int, one: PostingAccount, post: Post, now: int) -> Created:
    done = post.published_at <= now
    attempt = Attempt(one.id, "scheduled")
    if done:
        url, at = post.url(one.account), post.published_at
        attempt = Attempt(one.id, "posted", at, None, at, url)
    return Created(
        id=created_id(seed, post),
        caption=post.caption,
        status="posted" if done else "scheduled",
        created_at=post.published_at - (post.phase - 7) * 5 * HOUR,
        scheduled_at=post.published_at,
        music_url=_music(post.phase),
        external_id=external_id(post),
        slideshow=post.content_type == "carousel",
        attempts=(attempt,),
    )


def _extras(world: World, now: int) -> Iterator[Created]:
    everyone = posting_accounts(world)
    for place, one in enumerate(everyone):
        other = everyone[(place + 1) % len(everyone)]
        for n in range(_EXTRAS):
            yield _extra(world, one, other, n, now)


def _extra(world: World, one: PostingAccount, other: PostingAccount, n: int, now: int) -> Created:
    post_id = uuid_of(world.seed, "genviral extra", one.account.id, n)
    draw = dice(post_id)
    status = _STATUSES[n % len(_STATUSES)]
    created_at = world.origin - int(draw.random() * world.days * DAY)
    due = world.origin + draw.randint(2, 20) * DAY
    if status == "scheduled" and due <= now:
        status = "failed"
    return Created(
        id=post_id,
        caption=text.caption(draw),
        status=status,
        created_at=created_at,
        scheduled_at=due if n == _STATUSES.index("scheduled") else None,
        music_url=_music(draw.randrange(4)),
        external_id=f"ext-{post_id[:8]}" if draw.random() < 0.5 else None,
        slideshow=draw.random() < 0.2,
        attempts=_attempts(status, one, other, created_at + HOUR),
    )


def _attempts(
    status: str, one: PostingAccount, other: PostingAccount, at: int
) -> tuple[Attempt, ...]:
    """Partial: published on one account, refused on the other."""
    refused = Attempt(one.id, "failed", None, _TROUBLE, at)
    if status == "partial" and other is not one:
        url = f"{other.account.profile_url}/video/{7_100_000_000_000_000_000 + at}"
        return refused, Attempt(other.id, "posted", at, None, at, url)
    if status in ("failed", "retry", "partial"):
        return (refused,)
    return () if status == "draft" else (Attempt(one.id, "pending"),)


def _music(luck: int) -> str | None:
    return None if luck % 4 else f"https://cdn.example.com/music/{luck}.mp3"
