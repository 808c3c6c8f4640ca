"""Bundles: what a client ordered (developers.tokportal.com/bundles and the agencies page).

Every account was delivered by one bundle; some got a second one with videos only, and a few
bundles were never delivered. References repeat within a campaign, and some are missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, dice, digest, uuid_of
from sandbox.world.world import World

CLIENTS: Final = ("acme", "luna", "kite")
CAMPAIGNS: Final = ("spring-2026", "summer-2026")
_ODD_REFS: Final = ("Acme — Überraschung №1", "acme_spring_2026_us", "acme-spring-2026-us ")
_SECOND_EVERY, _UNDELIVERED_EVERY, _OLD_ID_EVERY = 4, 6, 5
_SETUP, _REVIEW, _DELIVERY = 1 * DAY, 2 * DAY, 4 * DAY
_STEPS: Final = ("draft", "pending_setup", "published", "accepted", "completed")


@dataclass(frozen=True, slots=True)
class Bundle:
    """One order. `account` is None where none was delivered; `ends_as` is its last status."""

    id: str
    number: int
    account: Account | None
    title: str | None
    bundle_type: str
    platform: str
    country: str
    external_ref: str | None
    videos_quantity: int
    auto_finalize: bool
    created_at: int
    ends_as: str

    @property
    def listing_id(self) -> str:
        """The listing account's id: it survives a remake, the saved account's does not."""
        return f"acc_{digest('listing', self.id, size=6).hex()}"

    @property
    def order_id(self) -> str:
        """The order behind the bundle."""
        return uuid_of("order", self.id)

    def status(self, now: int) -> str:
        """How far the order has come; its last step is kept."""
        if self.ends_as in ("cancelled", "archived"):
            return self.ends_as if now >= self.created_at + _REVIEW else "pending_setup"
        steps = (0, _SETUP, _REVIEW, _DELIVERY, _DELIVERY + 10 * DAY)
        passed = sum(now >= self.created_at + step for step in steps)
        last = _STEPS.index(self.ends_as)
        return _STEPS[min(max(passed - 1, 0), last)]

    def account_status(self, now: int) -> str | None:
        """How far the account of the bundle has come."""
        if self.account is None:
            return "configured" if self.status(now) == "published" else None
        if now < self.created_at + _DELIVERY:
            return "in_review"
        return "finalized"

    def saved_account_id(self, now: int) -> str | None:
        """The delivered account; null before its review."""
        delivered = self.account is not None and now >= self.created_at + _REVIEW
        return self.account.id if delivered and self.account else None

    def updated_at(self, now: int) -> int:
        """When the status changed last."""
        steps = (0, _SETUP, _REVIEW, _DELIVERY, _DELIVERY + 10 * DAY)
        return max(
            [self.created_at, *(self.created_at + s for s in steps if self.created_at + s <= now)]
        )


def bundles_of(world: World, now: int) -> list[Bundle]:
    """Every bundle there is, newest first."""
    every = _every(world, world.edits.version).values()
    return [bundle for bundle in every if bundle.created_at <= now]


def find_bundle(world: World, bundle_id: str, now: int) -> Bundle | None:
    """The bundle with this id."""
    found = _every(world, world.edits.version).get(bundle_id)
    return found if found and found.created_at <= now else None


@lru_cache(maxsize=64)
def _every(world: World, version: int) -> dict[str, Bundle]:
    """By id, newest first; made anew when the world was edited."""
    there = (bundle for bundle in _make(world) if bundle.id not in world.edits.removed_bundles)
    made = sorted(there, key=lambda bundle: (-bundle.created_at, bundle.id))
    return {bundle.id: bundle for bundle in made}


def _make(world: World) -> Iterator[Bundle]:
    for account in world.everyone():
        yield _delivery(world.seed, account)
        if account.index % _SECOND_EVERY == 1:
            yield _more_videos(world.seed, account, world.origin)
        if account.index % _UNDELIVERED_EVERY == 2:
            yield _undelivered(world.seed, account, world.origin)


def _delivery(seed: int, account: Account) -> Bundle:
    draw = dice(seed, "bundle", account.id)
    quantity = draw.randint(3, 12)
    return Bundle(
        id=_bundle_id(seed, account, "delivery"),
        number=account.index * 10,
        account=account,
        title=None if draw.random() < 0.1 else f"{_client(account).title()} - {account.country}",
        bundle_type="account_only" if account.index % 9 == 8 else "account_and_videos",
        platform=account.platform,
        country=account.country,
        external_ref=external_ref(account),
        videos_quantity=0 if account.index % 9 == 8 else quantity,
        auto_finalize=draw.random() < 0.5,
        created_at=account.created_at - _DELIVERY,
        ends_as="archived" if account.kind == "banned" else "completed",
    )


def _more_videos(seed: int, account: Account, origin: int) -> Bundle:
    """A later order for an account that exists; its videos go live after the clock's start."""
    draw = dice(seed, "more", account.id)
    return Bundle(
        id=_bundle_id(seed, account, "more"),
        number=account.index * 10 + 1,
        account=account,
        title=f"{_client(account).title()} extra, batch 2",
        bundle_type="videos_only",
        platform=account.platform,
        country=account.country,
        external_ref=f"{_client(account)}-{CAMPAIGNS[1]}-{account.country.lower()}",
        videos_quantity=draw.randint(2, 5),
        auto_finalize=True,
        created_at=origin - 3 * DAY - draw.randrange(DAY),
        ends_as="accepted",
    )


def _undelivered(seed: int, account: Account, origin: int) -> Bundle:
    draw = dice(seed, "undelivered", account.id)
    return Bundle(
        id=_bundle_id(seed, account, "undelivered"),
        number=account.index * 10 + 2,
        account=None,
        title=None,
        bundle_type="account_and_videos",
        platform=draw.choice(("tiktok", "instagram")),
        country=account.country,
        external_ref=external_ref(account),
        videos_quantity=draw.randint(1, 4),
        auto_finalize=False,
        created_at=origin - draw.randint(1, 20) * DAY,
        ends_as=draw.choice(("draft", "pending_setup", "published", "cancelled")),
    )


def external_ref(account: Account) -> str | None:
    """acme-spring-2026-us and its like; not unique, sometimes missing, sometimes badly written."""
    if account.index % 10 == 9:
        return None
    if account.index % 23 == 22:
        return _ODD_REFS[account.index // 23 % len(_ODD_REFS)]
    campaign = CAMPAIGNS[account.index // len(CLIENTS) % 4 == 3]
    return f"{_client(account)}-{campaign}-{account.country.lower()}"


def _client(account: Account) -> str:
    return CLIENTS[account.index % len(CLIENTS)]


def _bundle_id(seed: int, account: Account, what: str) -> str:
    """A UUID; the older ones look like bnd_abc123."""
    if account.index % _OLD_ID_EVERY == 3:
        return f"bnd_{digest(seed, 'bundle', what, account.id, size=5).hex()}"
    return uuid_of(seed, "bundle", what, account.id)
