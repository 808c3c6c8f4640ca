"""Posts: a fixed number before the clock's start, and a steady trickle after it."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sandbox.world import text
from sandbox.world.accounts import KINDS, Account
from sandbox.world.chance import DAY, dice, unit
from sandbox.world.ids import make_id

# Ordinals name a post within its account; the ranges keep the three origins apart.
LATER = 1_000_000
ADDED = 2_000_000_000
PER_PERIOD = 100
PHASES = 24  # posts of one age are not all captured on the same days
_JITTER = 600  # seconds over which one account's posts are captured


@dataclass(frozen=True, slots=True)
class Post:
    """One post and the shape of its growth: `peak` views, reached with time constant `tau`."""

    id: str
    ordinal: int
    platform_post_id: str
    video_id: str | None
    caption: str | None
    content_type: str
    duration_seconds: int | None
    external_ref: str | None
    published_at: int
    first_capture: int
    deleted_at: int | None
    phase: int
    peak: int
    tau: float
    like_rate: float
    share_rate: float
    bookmark_rate: float | None
    comment_total: int | None
    comment_tau: float
    restated_after: int | None

    def url(self, account: Account) -> str:
        """Where the post is on its platform."""
        if account.platform == "youtube":
            return f"https://www.youtube.com/shorts/{self.platform_post_id}"
        kind = "video" if self.content_type == "video" else "photo"
        if account.platform == "instagram":
            return f"https://www.instagram.com/p/{_shortcode(int(self.platform_post_id))}/"
        return f"https://www.tiktok.com/@{account.username}/{kind}/{self.platform_post_id}"

    def thumbnail_url(self) -> str | None:
        """A hosted copy, missing for some."""
        return f"https://cdn.example.com/thumbs/{self.id}.jpg" if self.phase else None


def first_posts(seed: int, account: Account, origin: int) -> list[Post]:
    """The posts that exist when the clock starts, all of them captured at least once."""
    return [make_post(seed, account, n, origin) for n in range(account.post_quota)]


def later_posts(seed: int, account: Account, origin: int, days: int, period: int) -> Iterator[Post]:
    """Posts published in the given 24 hours after the clock's start."""
    rate = account.post_quota / days if account.post_quota else 0.5
    count = int(rate + unit(seed, account.id, "posts", period))
    for n in range(min(count, PER_PERIOD)):
        post = make_post(seed, account, LATER + period * PER_PERIOD + n, origin)
        if not account.banned(post.first_capture) and account.has_analytics(post.published_at):
            yield post


def make_post(seed: int, account: Account, ordinal: int, origin: int) -> Post:
    """The post with this ordinal; it depends on nothing but its arguments."""
    post_id = make_id(seed, "post", account.index, ordinal)
    draw = dice(seed, post_id)
    published_at = _published_at(account, ordinal, origin, draw)
    first_capture = next_slot(account, published_at, draw.randrange(_JITTER))
    return _dress(account, post_id, ordinal, published_at, first_capture, origin, draw)


def added_post(seed: int, account: Account, ordinal: int, now: int) -> Post:
    """A post that somebody adds while the world runs: published and captured at this moment."""
    post_id = make_id(seed, "post", account.index, ordinal)
    return _dress(account, post_id, ordinal, now - 60, now, now, dice(seed, post_id))


def next_slot(account: Account, after: int, jitter: int) -> int:
    """The account's next daily capture slot strictly after a time."""
    first = account.first_capture if account.first_capture is not None else account.data_start
    return after + 1 + (first + jitter - after - 1) % DAY


def _published_at(account: Account, ordinal: int, origin: int, draw: Random) -> int:
    if ordinal >= LATER:
        period = (ordinal - LATER) // PER_PERIOD
        return origin + period * DAY + draw.randrange(DAY)
    start = account.data_start
    # Published before the last slot that lies before both the clock's start and a ban,
    # so that every one of the first posts has been captured when the clock starts.
    last = account.thaw(origin) - _JITTER
    end = last - (last - next_slot(account, start - 1, 0)) % DAY
    return start + int(draw.random() * max(1, end - start))


def _dress(
    account: Account,
    post_id: str,
    ordinal: int,
    published_at: int,
    first_capture: int,
    origin: int,
    draw: Random,
) -> Post:
    carousel = account.platform != "youtube" and draw.random() < 0.08
    return Post(
        id=post_id,
        ordinal=ordinal,
        platform_post_id=_platform_post_id(account.platform, draw),
        video_id=f"vid_{draw.randrange(16**12):012x}" if draw.random() < 0.7 else None,
        caption=text.caption(draw),
        content_type="carousel" if carousel else "video",
        duration_seconds=None if carousel else draw.randint(5, 180),
        external_ref=f"clip-{draw.randrange(1000):03d}" if draw.random() < 0.3 else None,
        published_at=published_at,
        first_capture=first_capture,
        deleted_at=_deleted_at(max(origin, first_capture), draw) if ordinal < ADDED else None,
        phase=draw.randrange(PHASES),
        peak=_peak(account.kind, draw),
        tau=draw.uniform(0.5, 4.0) * DAY,
        like_rate=draw.uniform(0.02, 0.12),
        share_rate=draw.uniform(0.001, 0.02),
        bookmark_rate=draw.uniform(0.001, 0.02) if draw.random() > 0.03 else None,
        comment_total=_comment_total(account.kind, draw),
        comment_tau=draw.choice((2.0, 4.0, 8.0, 16.0)) * DAY,
        restated_after=draw.randint(2, 30) * DAY if draw.random() < 0.02 else None,
    )


def _platform_post_id(platform: str, draw: Random) -> str:
    """19 digits, beyond what a double can hold, except on YouTube."""
    if platform == "youtube":
        return "".join(draw.choices("abcdefghijkmnpqrstuvwxyzABCDEFGH0123456789-_", k=11))
    return str(7_300_000_000_000_000_000 + draw.randrange(2 * 10**17))


def _shortcode(number: int) -> str:
    """Instagram's other name for a post: the only one in its address."""
    return urlsafe_b64encode(number.to_bytes(9)).decode().lstrip("A")


def _deleted_at(after: int, draw: Random) -> int | None:
    """A few posts vanish from the listings, all of them after the clock's start."""
    return after + int(draw.uniform(0.1, 30) * DAY) if draw.random() < 0.015 else None


def _peak(kind: str, draw: Random) -> int:
    """Views a post ends with: most stay small, a few explode, some are never seen (true zero)."""
    if draw.random() < 0.01:
        return 0
    return int(draw.lognormvariate(5.0 if kind == "quiet" else 8.0, 1.6)) + 1


def _comment_total(kind: str, draw: Random) -> int | None:
    """Comments a post ends with; None where they are switched off."""
    luck = draw.random()
    if luck < 0.02:
        return None
    if luck < 0.60 or KINDS[kind].weight < 0.5:
        return 0
    if luck < 0.93:
        return draw.randint(1, 5)
    return draw.randint(51, 80) if luck > 0.985 else draw.randint(6, 20)
