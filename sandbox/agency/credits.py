"""The credit ledger of one organization (GET /credits/history): bundles cost, purchases add."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from sandbox.agency.bans import bans_of
from sandbox.agency.bundles import bundles_of
from sandbox.world.chance import DAY, HOUR, digest
from sandbox.world.world import World

COSTS: Final = {
    "account_creation": 25,
    "video_upload": 2,
    "niche_warming": 7,
    "deep_warming": 40,
    "edit_slot": 3,
    "verification_code": 150,
}
_OPENING, _TOP_UP, _TOP_UP_EVERY = 1_000_000, 500, 14


@dataclass(frozen=True, slots=True)
class Transaction:
    """One booking; `amount` is signed, `balance_after` holds once it is booked."""

    id: str
    type: str
    amount: int
    description: str
    breakdown: dict[str, int] | None
    created_at: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class _Booking:
    created_at: int
    name: str
    type: str
    amount: int
    description: str
    breakdown: dict[str, int] | None = None


def history_of(world: World, now: int) -> list[Transaction]:
    """Every booking up to now, newest first."""
    bookings = sorted(_bookings(world, now), key=lambda one: (one.created_at, one.name))
    balances = accumulate(one.amount for one in bookings)
    return [
        Transaction(
            id=f"txn_{digest(world.seed, one.name, size=8).hex()}",
            type=one.type,
            amount=one.amount,
            description=one.description,
            breakdown=one.breakdown,
            created_at=one.created_at,
            balance_after=balance,
        )
        for one, balance in zip(bookings, balances, strict=True)
    ][::-1]


def balance_of(world: World, now: int) -> int:
    """Credits left."""
    return sum(one.amount for one in _bookings(world, now))


def _bookings(world: World, now: int) -> Iterator[_Booking]:
    every = [*_purchases(world, now), *_orders(world, now), *_refunds(world, now)]
    yield from (one for one in [*every, *_warming(world, now)] if one.created_at <= now)


def _purchases(world: World, now: int) -> Iterator[_Booking]:
    opening = world.origin - 500 * DAY
    yield _Booking(opening, "opening", "credit", _OPENING, "Credit purchase")
    start = world.origin - world.days * DAY
    for n in range((now - start) // (_TOP_UP_EVERY * DAY) + 1):
        at = start + n * _TOP_UP_EVERY * DAY
        yield _Booking(at, f"purchase {n}", "credit", _TOP_UP, "Credit purchase, monthly")


def _orders(world: World, now: int) -> Iterator[_Booking]:
    for bundle in bundles_of(world, now):
        if bundle.ends_as == "draft":
            continue
        parts = {
            "account_creation": 0 if bundle.bundle_type == "videos_only" else 25,
            "video_upload": 2 * bundle.videos_quantity,
        }
        told = f"Bundle “{bundle.title}”" if bundle.title else "Bundle"
        name = f"order {bundle.id}"
        yield _Booking(bundle.created_at, name, "debit", -sum(parts.values()), told, parts)


def _refunds(world: World, now: int) -> Iterator[_Booking]:
    for ban in bans_of(world, now):
        if ban.refund_credits and ban.resolved(now):
            name, told = f"refund {ban.id}", f"Refund for @{ban.username}"
            yield _Booking(ban.resolved_at, name, "refund", ban.refund_credits, told)


def _warming(world: World, now: int) -> Iterator[_Booking]:
    """Something small every day, so that each day's history has something new."""
    first = (world.origin - world.days * DAY) // DAY
    for day in range(first, now // DAY + 1):
        amount = 1 + digest(world.seed, "warming", day, size=1)[0] % 9
        name, parts = f"warming {day}", {"niche_warming": amount}
        yield _Booking(day * DAY + 7 * HOUR, name, "debit", -amount, "Warming", parts)
