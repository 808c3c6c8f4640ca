"""Bans that staff confirmed (GET /account-bans). What only a scan found is not among them.

A report is appealed or not, decided, then resolved; every step moves `updated_at`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sandbox.agency.bundles import Bundle, bundles_of
from sandbox.world.chance import DAY, HOUR, dice, uuid_of
from sandbox.world.world import World

_EVER = 10**11  # later than any clock


@dataclass(frozen=True, slots=True)
class Ban:
    """One report. `account_id` may be an account that was replaced since."""

    id: str
    account_id: str
    username: str
    bundle: Bundle
    reported_at: int
    decided_at: int
    resolved_at: int
    appealed: bool
    verdict: str
    resolution: str
    refund_credits: int | None

    def status(self, now: int) -> str:
        """Where the appeal stands."""
        if not self.appealed:
            return "no_appeal_banned"
        return "appeal_pending" if now < self.decided_at else self.verdict

    def decided(self, now: int) -> int | None:
        """When it was decided, if it was."""
        return self.decided_at if now >= self.decided_at else None

    def resolved(self, now: int) -> bool:
        """Whether staff closed the case. A ban that was lifted needs no closing."""
        return now >= self.resolved_at and self.verdict != "appeal_accepted"

    def updated_at(self, now: int) -> int:
        """The last step that has happened."""
        steps = [self.reported_at, self.decided_at]
        steps += [self.resolved_at] if self.resolved(now) else []
        return max(step for step in steps if step <= now)

    def resolution_filter(self, now: int) -> str | None:
        """What the `resolution` filter compares: pending is a confirmed ban not yet closed."""
        if self.resolved(now):
            return self.resolution
        confirmed = self.status(now) in ("appeal_refused", "no_appeal_banned")
        return "pending" if confirmed else None


def bans_of(world: World, now: int) -> list[Ban]:
    """Every report made by now, the last updated first."""
    every = _every(world, world.edits.version)
    found = [ban for ban in every if ban.reported_at <= now]
    return sorted(found, key=lambda ban: (-ban.updated_at(now), ban.id))


@lru_cache(maxsize=64)
def _every(world: World, version: int) -> list[Ban]:
    """Every report there will be; made anew when the world was edited."""
    return list(_make(world))


def _make(world: World) -> Iterator[Ban]:
    for bundle in bundles_of(world, _EVER):
        account = bundle.account
        if account is None or bundle.bundle_type == "videos_only":
            continue
        if account.banned_at is not None and account.index != 19:  # 19: found by a scan only
            yield _ban(world, bundle, account.id, account.banned_at + 6 * HOUR)
        elif account.index % 7 == 3:  # the account before a remake
            yield _ban(world, bundle, uuid_of(world.seed, "before", account.id), None)
        elif account.index % 17 == 5:
            yield _ban(world, bundle, account.id, None, lifted=True)


def _ban(
    world: World, bundle: Bundle, account_id: str, reported_at: int | None, lifted: bool = False
) -> Ban:
    draw = dice(world.seed, "ban", bundle.id)
    past = world.origin - int(draw.uniform(2, max(3, world.days)) * DAY)
    reported = past if reported_at is None else reported_at
    appealed = lifted or draw.random() < 0.6
    decided = reported + (int(draw.uniform(0.5, 2) * DAY) if appealed else 0)
    remade = account_id != (bundle.account.id if bundle.account else None)
    resolution = "remake" if remade else draw.choice(("refund", "no_remake"))
    verdict = "appeal_refused" if appealed else "no_appeal_banned"
    return Ban(
        id=uuid_of(world.seed, "ban", bundle.id),
        account_id=account_id,
        username=bundle.account.username if bundle.account else "",
        bundle=bundle,
        reported_at=reported,
        decided_at=decided,
        resolved_at=decided + int(draw.uniform(0.2, 1.5) * DAY),
        appealed=appealed,
        verdict="appeal_accepted" if lifted else verdict,
        resolution=resolution,
        refund_credits=draw.randint(10, 40) if resolution == "refund" else None,
    )
