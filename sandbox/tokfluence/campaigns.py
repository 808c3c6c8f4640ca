"""Campaigns: which indexed videos each tracks, and what was paid for them."""

from dataclasses import dataclass
from typing import Final

from sandbox.tokfluence.index import Entry, Index
from sandbox.world.chance import DAY, unit

FIRST_ID: Final = 4711
FOREIGN_ID: Final = 4700  # a campaign of a customer who has no key here
_SIZES: Final = (60, 7, 3)
_NAMES: Final = ("Spring launch 🌱", 'Creators, "round two"', "Archived pilot")
_CURRENCIES: Final = ("EUR", "USD", "JPY")
_CENTS_STEP: Final = 2_500


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; the videos it tracks were chosen before the clock's start."""

    id: int
    name: str
    currency: str
    archived: bool
    created_at: int
    updated_at: int
    post_ids: frozenset[str]

    def entries(self, index: Index, now: int) -> list[Entry]:
        """The tracked videos that are indexed now, newest publication first."""
        found = (index.find(post_id, now) for post_id in self.post_ids)
        known = [entry for entry in found if entry]
        return sorted(known, key=lambda one: (one.video.post.published_at, one.video.id))[::-1]

    def fee_cents(self, post_id: str) -> int:
        """What the creator gets for this video, in cents of the currency; one in eight is free."""
        luck = unit("tokfluence", "fee", self.id, post_id)
        return 0 if luck < 1 / 8 else _CENTS_STEP * (1 + int(luck * 40))


def make_campaigns(index: Index, origin: int, place: int) -> list[Campaign]:
    """The three campaigns of the owner at this place; ids are numbered over all owners."""
    indexed = [entry.video.id for entry in index.all(origin)]
    return [
        _campaign(FIRST_ID + place * len(_SIZES) + n, n, _pick(indexed, n), origin)
        for n in range(len(_SIZES))
    ]


def _pick(indexed: list[str], n: int) -> frozenset[str]:
    """Any of the indexed videos; one can be in several campaigns."""
    shuffled = sorted(indexed, key=lambda post_id: unit("tokfluence", "campaign", n, post_id))
    return frozenset(shuffled[: _SIZES[n]])


def _campaign(campaign_id: int, n: int, post_ids: frozenset[str], origin: int) -> Campaign:
    created_at = origin - (20 + 10 * n) * DAY
    return Campaign(
        id=campaign_id,
        name=_NAMES[n],
        currency=_CURRENCIES[n],
        archived=n == 2,
        created_at=created_at,
        updated_at=created_at + (n + 2) * DAY,
        post_ids=post_ids,
    )
