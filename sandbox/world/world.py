"""The world as a whole: accounts, their posts and what was captured of them up to a moment."""

from dataclasses import dataclass
from functools import partial

from sandbox.world import posts as make
from sandbox.world.accounts import Account, build_account, newcomer, quotas
from sandbox.world.audience import Audience, audience_at
from sandbox.world.captures import Wanted, account_captures, newest_post_capture, post_captures
from sandbox.world.chance import DAY
from sandbox.world.comments import Comment, comments_at
from sandbox.world.counters import account_counters, comment_count, post_counters
from sandbox.world.edits import Edits
from sandbox.world.ids import read_id
from sandbox.world.ledger import METRICS, Ledger
from sandbox.world.measured import PostCounters, unmeasured
from sandbox.world.posts import Post
from sandbox.world.shelf import Shelves
from sandbox.world.snapshots import AccountSnapshot, PostSnapshot

COMMENTS_CACHED = 50  # the provider caches no more per post


@dataclass(frozen=True, slots=True)
class Point:
    """One day of an account's series; totals known so far, None where not measured."""

    day: int
    totals: dict[str, int | None]


class World:
    """Everything the providers know. Each method answers for a moment, `now`."""

    def __init__(self, seed: int, accounts: int, posts: int, days: int, origin: int) -> None:
        self.seed, self.days, self.origin = seed, days, origin
        self.edits = Edits()
        shares = quotas(accounts, posts)
        self._accounts = [
            build_account(seed, index, shares[index], origin, days) for index in range(accounts)
        ]
        self._ledgers: dict[str, Ledger] = {}
        self._shelves = Shelves(seed, origin, days)

    # Accounts

    def accounts(self) -> list[Account]:
        """The portfolio, without what was removed."""
        everyone = [*self._accounts, *self.edits.added_accounts]
        return [one for one in everyone if one.id not in self.edits.removed_accounts]

    def account(self, account_id: str) -> Account | None:
        """The account with this id, if it is in the portfolio."""
        place = read_id(self.seed, "account", account_id)
        if place is None or account_id in self.edits.removed_accounts:
            return None
        return self._at(place[0])

    def account_snapshots(self, account: Account, now: int) -> list[AccountSnapshot]:
        """Every capture up to now, oldest first."""
        return [self._account_snapshot(account, t) for t in account_captures(account, now)]

    def newest_account_snapshot(self, account: Account, now: int) -> AccountSnapshot | None:
        """The newest capture, or None before the first."""
        times = account_captures(account, now)
        return self._account_snapshot(account, times[-1]) if times else None

    def find_account_snapshots(
        self, account: Account, now: int, wanted: Wanted
    ) -> list[AccountSnapshot]:
        """The captures that are wanted, newest first."""
        times = wanted.pick(account_captures(account, now), partial(self._account_source, account))
        return [self._account_snapshot(account, t) for t in times]

    # Posts

    def posts(self, account: Account, now: int) -> list[Post]:
        """The posts listed now, newest publication first."""
        listed = [post for post in self._captured(account, now) if not self._gone(post, now)]
        return sorted(listed, key=lambda post: (post.published_at, post.id), reverse=True)

    def removed_posts(self, account: Account, now: int) -> list[Post]:
        """The posts that were listed once and are not any more."""
        return [post for post in self._captured(account, now) if self._gone(post, now)]

    def post(self, post_id: str, now: int) -> tuple[Account, Post] | None:
        """A post by id, listed or deleted, once it has been captured."""
        place = read_id(self.seed, "post", post_id)
        account = self._at(place[0]) if place else None
        if account is None or account.id in self.edits.removed_accounts:
            return None
        added = {post.id: post for post in self.edits.added_posts.get(account.id, [])}
        post = added.get(post_id) or self._shelves.of(account).find(post_id, now)
        return (account, post) if post else None

    def post_snapshots(self, account: Account, post: Post, now: int) -> list[PostSnapshot]:
        """Every capture up to now, oldest first."""
        return [self.post_snapshot(account, post, t) for t in post_captures(account, post, now)]

    def find_post_snapshots(
        self, account: Account, post: Post, now: int, wanted: Wanted
    ) -> list[PostSnapshot]:
        """The captures that are wanted, newest first."""
        times = wanted.pick(post_captures(account, post, now), account.source_at)
        return [self.post_snapshot(account, post, t) for t in times]

    def newest_post_snapshot(self, account: Account, post: Post, now: int) -> PostSnapshot:
        """The newest capture of a post that has been captured."""
        captured_at = newest_post_capture(account, post, now)
        return self.post_snapshot(account, post, captured_at)

    def newest_post_counters(self, account: Account, post: Post, now: int) -> PostCounters:
        """The counters of the newest capture alone, cheap enough for totals over all posts."""
        captured_at = newest_post_capture(account, post, now)
        return post_counters(account, post, captured_at)

    def post_snapshot(self, account: Account, post: Post, captured_at: int) -> PostSnapshot:
        """What was captured of a post at one of its capture times."""
        source = account.source_at(captured_at)
        counters = post_counters(account, post, captured_at)
        return PostSnapshot(account, post, source, captured_at, counters)

    def comments(self, account: Account, post: Post, now: int) -> list[Comment]:
        """The cached comments, newest first: those at the newest snapshot, 50 at most."""
        captured_at = newest_post_capture(account, post, now)
        return comments_at(post, comment_count(post, captured_at) or 0, COMMENTS_CACHED)

    # Series and audience

    def series(self, account: Account, now: int) -> list[Point]:
        """One point per UTC day from the first day with data to today or the ban."""
        if not account.has_analytics(now):
            return []
        ledger, today = self._ledger(account), account.thaw(now) // DAY
        return [
            Point(day, self._totals(account, ledger, day, today))
            for day in range(ledger.first_day, today + 1)
        ]

    def audience(self, account: Account, now: int) -> Audience | None:
        """The newest audience, where one is available."""
        return audience_at(self.seed, account, now)

    # Edits by hand

    def add_post(self, account: Account, now: int) -> Post:
        """One more post, published a minute ago and captured now."""
        ordinal = make.ADDED + len(self.edits.added_posts.get(account.id, []))
        post = make.added_post(self.seed, account, ordinal, now)
        self.edits.add_post(account.id, post)
        return post

    def add_account(self, now: int) -> Account:
        """One more account, captured now."""
        index = len(self._accounts) + len(self.edits.added_accounts)
        account = newcomer(self.seed, index, now)
        self.edits.add_account(account)
        return account

    def _at(self, index: int) -> Account | None:
        if index < len(self._accounts):
            return self._accounts[index]
        later = index - len(self._accounts)
        added = self.edits.added_accounts
        return added[later] if later < len(added) else None

    def _captured(self, account: Account, now: int) -> list[Post]:
        added = self.edits.added_posts.get(account.id, [])
        return [
            *self._shelves.of(account).captured(now),
            *(p for p in added if p.first_capture <= now),
        ]

    def _gone(self, post: Post, now: int) -> bool:
        deleted_at = self.edits.deleted_at(post)
        return deleted_at is not None and deleted_at <= now

    def _ledger(self, account: Account) -> Ledger:
        if account.id not in self._ledgers:
            self._ledgers[account.id] = Ledger(self.seed, account)
        return self._ledgers[account.id]

    def _totals(
        self, account: Account, ledger: Ledger, day: int, today: int
    ) -> dict[str, int | None]:
        factor = self.edits.restated_days.get((account.id, day), 1)
        hidden = unmeasured(account.platform, account.source_at(day * DAY))
        known = ledger.point(day, today)
        return {name: None if name in hidden else int(known[name] * factor) for name in METRICS}

    def _account_source(self, account: Account, captured_at: int) -> str:
        first = account.starts_manual and captured_at == account.first_capture
        return "manual" if first else account.source_at(captured_at)

    def _account_snapshot(self, account: Account, captured_at: int) -> AccountSnapshot:
        source = self._account_source(account, captured_at)
        totals = self._ledger(account).totals_at(captured_at)
        tracked = self._shelves.of(account).count_at(captured_at)
        counters = account_counters(account, source, totals, tracked)
        return AccountSnapshot(account, source, captured_at, counters)
