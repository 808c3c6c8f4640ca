"""Creators on TikTok: the accounts of the portfolio, and those whom nobody here has."""

from dataclasses import dataclass
from typing import Final

from sandbox.tokfluence.index import Index
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, digest, unit
from sandbox.world.world import World

_WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Creator:
    """One creator as of the last weekly look. `engagement_rate` is a fraction."""

    id: str
    account: Account
    username: str
    follower_count: int | None
    engagement_rate: float
    region: str | None


def creator_id(account: Account) -> str:
    """tkc_ and 16 hex digits."""
    return f"tkc_{digest('tokfluence', 'creator', account.id, size=8).hex()}"


def creators_at(index: Index, now: int) -> list[Creator]:
    """Every creator, in the order of the world."""
    return [_creator(account, world, now) for account, world in index.videos.creators()]


def find_creator(index: Index, name: str, now: int) -> Creator | None:
    """By id, or by handle with or without @; handles are not unique, so the first counts."""
    handle = name.removeprefix("@").lower()
    found = (
        _creator(account, world, now)
        for account, world in index.videos.creators()
        if creator_id(account) == name or account.username == handle
    )
    return next(found, None)


def _creator(account: Account, world: World, now: int) -> Creator:
    luck = unit("tokfluence", "creator", account.id)
    looked_at = now - (now - int(luck * _WEEK)) % _WEEK
    snapshot = world.newest_account_snapshot(account, looked_at, with_posts=False)
    return Creator(
        id=creator_id(account),
        account=account,
        username=account.username,
        follower_count=snapshot.counters.followers if snapshot else None,
        engagement_rate=round(0.005 + luck * 0.12, 3),
        region=None if luck < 0.15 else account.country,
    )
