"""Accounts of every kind, in a fixed mixture: the first eight show each kind once but "steady"."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.world import text
from sandbox.world.chance import DAY, HOUR, dice, uuid_of
from sandbox.world.ids import make_id

WORKSPACES: Final = ("main", "agency", "lab")


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets accounts of one kind apart. `weight` is their share of the world's posts."""

    connected: bool
    capture_step: int
    weight: float


KINDS: Final = {
    "giant": Kind(connected=True, capture_step=6 * HOUR, weight=5.0),  # more than 200 posts
    "busy": Kind(connected=True, capture_step=6 * HOUR, weight=1.6),
    "hourly": Kind(connected=True, capture_step=HOUR, weight=1.2),  # raw pages must be walked
    "steady": Kind(connected=True, capture_step=12 * HOUR, weight=1.0),
    "public": Kind(connected=False, capture_step=DAY, weight=0.8),
    "switched": Kind(connected=True, capture_step=12 * HOUR, weight=1.0),  # loses its connection
    "quiet": Kind(connected=True, capture_step=3 * DAY, weight=0.15),
    "banned": Kind(connected=True, capture_step=12 * HOUR, weight=0.6),
    "empty": Kind(connected=False, capture_step=DAY, weight=0.0),  # no analytics yet
}
_FIRST: Final = ("giant", "public", "banned", "empty", "quiet", "hourly", "switched", "busy")
_THEN: Final = (
    *("busy", "steady", "public", "steady", "busy", "public", "steady", "quiet", "steady"),
    *("busy", "public", "steady", "busy", "steady", "public", "steady"),
)
_RARE: Final = {41: "hourly", 47: "switched"}
_RARE_EVERY: Final = {20: "banned", 33: "empty"}


@dataclass(frozen=True, slots=True)
class Account:
    """One account. Captures happen at first_capture + n * capture_step, until a ban."""

    index: int
    id: str
    kind: str
    platform: str
    username: str
    display_name: str
    biography: str
    country: str
    workspace_id: str
    external_ref: str | None
    created_at: int
    data_start: int
    first_capture: int | None
    capture_step: int
    banned_at: int | None
    switched_at: int | None
    starts_manual: bool
    post_quota: int

    @property
    def profile_url(self) -> str:
        """Where the account is on its platform."""
        host = {"tiktok": "www.tiktok.com/@", "youtube": "www.youtube.com/@"}
        return f"https://{host.get(self.platform, 'www.instagram.com/')}{self.username}"

    def banned(self, now: int) -> bool:
        """Whether the ban has happened."""
        return self.banned_at is not None and self.banned_at <= now

    def thaw(self, now: int) -> int:
        """The time up to which anything was captured: now, or the ban."""
        return now if self.banned_at is None else min(now, self.banned_at)

    def connected(self, now: int) -> bool:
        """Whether the owner's connection is in place, so that private counters are measured."""
        return self.has_analytics(now) and self.source_at(now) == "bundle_social"

    def has_analytics(self, now: int) -> bool:
        """Whether anything was captured yet."""
        return self.first_capture is not None and self.first_capture <= now

    def source_at(self, t: int) -> str:
        """Where a capture at this time comes from; public data is the fallback."""
        lost = self.switched_at is not None and self.switched_at <= t
        return "apify" if lost or not KINDS[self.kind].connected else "bundle_social"


def kind_of(index: int) -> str:
    """The kind of the account at this place, the same for every seed."""
    if index < len(_FIRST):
        return _FIRST[index]
    if index in _RARE:
        return _RARE[index]
    for every, kind in _RARE_EVERY.items():
        if index % every == every - 1:
            return kind
    return _THEN[index % len(_THEN)]


def quotas(count: int, posts: int) -> list[int]:
    """How many posts each account has at the start; they add up to `posts` exactly."""
    weights = [KINDS[kind_of(index)].weight for index in range(count)]
    total = sum(weights)
    shares = [int(posts * weight / total) for weight in weights]
    for index in _round_robin(weights, posts - sum(shares)):
        shares[index] += 1
    return shares


def _round_robin(weights: list[float], times: int) -> Iterator[int]:
    eligible = [index for index, weight in enumerate(weights) if weight]
    return (eligible[n % len(eligible)] for n in range(times))


def build_account(seed: int, index: int, quota: int, origin: int, days: int) -> Account:
    """The account at this place of a world whose clock starts at `origin`."""
    account_id = make_id(seed, "account", index)
    draw = dice(seed, account_id)
    kind = kind_of(index)
    created_at = _created_at(index, origin, days, draw.random())
    data_start = max(created_at, origin - days * DAY)
    return Account(
        index=index,
        id=account_id,
        kind=kind,
        platform={4: "youtube", 6: "instagram"}.get(index % 8, "tiktok"),
        username=text.username(draw),
        display_name=text.display_name(draw),
        biography=text.remark(draw),
        country=draw.choice(text.COUNTRIES),
        workspace_id=uuid_of(seed, "workspace", WORKSPACES[index % len(WORKSPACES)]),
        external_ref=None if index % 3 == 2 else f"client-{index % 5}-spring-2026",
        created_at=created_at,
        data_start=data_start,
        first_capture=_first_capture(kind, index, data_start, origin, draw.randrange(DAY)),
        capture_step=KINDS[kind].capture_step,
        banned_at=_banned_at(kind, index, origin, days),
        switched_at=_switched_at(kind, index, origin),
        starts_manual=index % 10 == 7,
        post_quota=quota,
    )


def newcomer(seed: int, index: int, now: int) -> Account:
    """An account added while the world runs: captured at once, no posts yet."""
    account_id = make_id(seed, "account", index)
    draw = dice(seed, account_id)
    return Account(
        index=index,
        id=account_id,
        kind="steady",
        platform="tiktok",
        username=text.username(draw),
        display_name=text.display_name(draw),
        biography="",
        country=draw.choice(text.COUNTRIES),
        workspace_id=uuid_of(seed, "workspace", WORKSPACES[0]),
        external_ref=None,
        created_at=now,
        data_start=now,
        first_capture=now,
        capture_step=KINDS["steady"].capture_step,
        banned_at=None,
        switched_at=None,
        starts_manual=False,
        post_quota=0,
    )


def _created_at(index: int, origin: int, days: int, luck: float) -> int:
    """Most accounts are older than the window; some began inside it, a few just now."""
    if index % 25 == 24:
        return origin - DAY - int(luck * DAY)
    if index % 5 == 4:
        return origin - int((0.6 + 0.4 * luck) * days * DAY)
    return origin - days * DAY - int(luck * 300 * DAY)


def _first_capture(kind: str, index: int, start: int, origin: int, slot: int) -> int | None:
    """The first slot of the day after data starts; an empty account gets none, or one later."""
    if kind == "empty":
        return origin + 2 * DAY + 5 * HOUR if index == _FIRST.index("empty") else None
    return start + (slot - start) % DAY


def _banned_at(kind: str, index: int, origin: int, days: int) -> int | None:
    if kind != "banned":
        return None
    if index == _FIRST.index("banned"):
        return origin - min(10, days // 3) * DAY
    return origin + (index // 20) * DAY + 30 * HOUR


def _switched_at(kind: str, index: int, origin: int) -> int | None:
    if kind != "switched":
        return None
    return origin - 5 * DAY if index in _RARE else origin + 27 * HOUR
