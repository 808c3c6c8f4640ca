"""One customer of the provider: a world of accounts, and what was done with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.answers import Answer
from sandbox.clock import Clock
from sandbox.genviral.tracker import Tracker
from sandbox.refreshes import RefreshBook
from sandbox.settings import Settings
from sandbox.tokfluence.subscription import Subscription
from sandbox.webhooks.book import HookBook
from sandbox.world.chance import digest
from sandbox.world.edits import Refreshed
from sandbox.world.world import World

DEFAULT = "default"

# These show best what a move changes: a few posts, many posts, public counters only.
_V1_FIRST = (4, 7, 1)


@dataclass(slots=True)
class Owner:
    """What one customer's keys reach. `replies` answer repeated Idempotency-Keys."""

    label: str
    settings: Settings
    clock: Clock
    world: World
    refreshes: RefreshBook
    hooks: HookBook
    genviral: Tracker
    tokfluence: Subscription
    replies: dict[tuple[str, str], Answer] = field(default_factory=dict)
    reports: int = 0
    others: list["Owner"] = field(default_factory=list, repr=False)

    @property
    def version(self) -> int:
        """Moves with every change, so that caches know."""
        return self.world.edits.version + self.hooks.version + self.refreshes.version

    def is_another_s(self, account_id: str) -> bool:
        """Whether an account exists, and is not this owner's."""
        return any(one.world.account(account_id) for one in self.others)

    def schedule(self, now: int, account_id: str, post_ids: frozenset[str]) -> None:
        """A capture that somebody asked for, once it has been made."""
        self.when_refreshed(now, lambda at: self._capture(at, account_id, post_ids))

    def when_refreshed(self, now: int, done: Callable[[int], None]) -> None:
        """Call `done` with the moment a refresh ends.

        On the sandbox's clock this is known at once, so it is called now with a later moment; on
        this machine's clock it is called later, with the sandbox's moment then.
        """
        if self.settings.refresh_real_seconds:
            loop = asyncio.get_running_loop()
            wait = self.settings.refresh_real_seconds
            loop.call_later(wait, lambda: done(self.clock.now))
        else:
            done(now + self.settings.refresh_seconds)

    def _capture(self, at: int, account_id: str, post_ids: frozenset[str]) -> None:
        account = self.world.account(account_id)
        if account is None:
            return
        if account.has_analytics(at):
            self.world.edits.refresh(account_id, Refreshed(at, post_ids))
        else:
            self.world.start_analytics(account, at)


def make_owners(settings: Settings, clock: Clock) -> dict[str, Owner]:
    """The owner of every key without a label of its own, then b, c, … with half as much each."""
    whole = settings.accounts, settings.posts
    half = max(1, settings.accounts // 2), settings.posts // 2
    labels = [DEFAULT, *(chr(ord("a") + n) for n in range(1, settings.tenants))]
    owners = {
        label: _owner(settings, clock, label, *(half if n else whole))
        for n, label in enumerate(labels)
    }
    for owner in owners.values():
        owner.others.extend(one for one in owners.values() if one is not owner)
    return owners


def owner_of(owners: dict[str, Owner], key_label: str) -> Owner:
    """Whose key this is: its label is an owner's, or begins with it (b, b_second)."""
    return owners.get(key_label) or owners.get(key_label.split("_")[0]) or owners[DEFAULT]


def _owner(settings: Settings, clock: Clock, label: str, accounts: int, posts: int) -> Owner:
    other = int.from_bytes(digest(settings.seed, "owner", label, size=6), "big")
    seed = settings.seed if label == DEFAULT else other
    windows = settings.restatement_windows
    world = World(
        seed, accounts, posts, settings.days, settings.origin, restated_days=windows["tokportal"]
    )
    for account_id in _older(world, settings.v1_accounts):
        world.edits.keep_on_v1(account_id)
    quota = RefreshBook(settings.refresh_quota)
    place = 0 if label == DEFAULT else ord(label) - ord("a")
    plan = Subscription(world, settings.tokfluence_credits, place)
    tracker = Tracker(world, windows["genviral"])
    return Owner(label, settings, clock, world, quota, HookBook(world), tracker, plan)


def _older(world: World, count: int) -> list[str]:
    everyone = world.everyone()
    order = [*_V1_FIRST, *range(8, len(everyone))]
    return [everyone[index].id for index in order if index < len(everyone)][:count]
