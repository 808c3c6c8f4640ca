"""The world as a whole: accounts, their posts and what was captured of them up to a moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sandbox.world import posts as make
from sandbox.world.accounts import Account, build_account, newcomer, quotas
from sandbox.world.analysis import intelligence_of
from sandbox.world.audience import Audience, audience_at
from sandbox.world.captures import Wanted, account_captures, newest_post_capture, post_captures
from sandbox.world.chance import DAY
from sandbox.world.comments import Comment, comments_at
from sandbox.world.counters import account_counters, comment_count, post_counters
from sandbox.world.edits import Edits
from sandbox.world.ids import make_id, make_legacy_id, read_id, read_legacy_id
from sandbox.world.ledger import METRICS, Ledger
from sandbox.world.measured import PostCounters, unmeasured
from sandbox.world.older import AccountTotals, add_up
from sandbox.world.payloads import Json
from sandbox.world.posts import Post
from sandbox.world.shelf import KEPT_POSTS, Shelves
from sandbox.world.snapshots import AccountSnapshot, PostSnapshot

COMMENTS_CACHED = 50  # the provider caches no more per post


@dataclass(frozen=True, slots=True)
class Point:
    """One day of an account's series; totals known so far, None where not measured."""

    day: int
    totals: dict[str, int | None]


class World:
    """Everything the providers know. Each method answers for a moment, `now`."""

    def __init__(
        self,
        seed: int,
        accounts: int,
        posts: int,
        days: int,
        origin: int,
        huge_from: int = KEPT_POSTS + 1,
        restated_days: Sequence[int] = (3,),
    ) -> None:
        self.seed, self.days, self.origin = seed, days, origin
        self._huge_from = huge_from
        self._restated_days = tuple(restated_days)
        self._deletes = posts < huge_from
        self.edits = Edits()
        shares = quotas(accounts, posts)
        self._accounts = [
            build_account(seed, index, shares[index], origin, days) for index in range(accounts)
        ]
        self._ledgers: dict[str, Ledger] = {}
        self._shelves = Shelves(seed, origin, days, deletes=self._deletes)

    # Accounts

    def accounts(self) -> list[Account]:
        """The portfolio, without what was removed."""
        return [one for one in self.everyone() if one.id not in self.edits.removed_accounts]

    def everyone(self) -> list[Account]:
        """Every account there ever was, also those that were removed."""
        return [*self._accounts, *self.edits.added_accounts]

    def account(self, account_id: str) -> Account | None:
        """The account with this id, if it is in the portfolio."""
        place = read_id(self.seed, "account", account_id)
        if place is None or account_id in self.edits.removed_accounts:
            return None
        return self._at(place[0])

    def is_v1(self, account: Account, now: int) -> bool:
        """Whether the account's analytics are of the older generation at this moment."""
        if account.id not in self.edits.moved_at:
            return False
        moved_at = self.edits.moved_at[account.id]
        return moved_at is None or now < moved_at

    def has_v2(self, account: Account, now: int) -> bool:
        """Whether the newer generation knows anything of the account."""
        return account.has_analytics(now) and not self.is_v1(account, now)

    def account_snapshots(self, account: Account, now: int) -> list[AccountSnapshot]:
        """Every capture up to now, oldest first."""
        return [self._account_snapshot(account, t) for t in self._captures(account, now)]

    def newest_account_snapshot(
        self, account: Account, now: int, *, with_posts: bool = True
    ) -> AccountSnapshot | None:
        """The newest capture, or None before the first. Without its post count it is cheap."""
        times = self._captures(account, now)
        return self._account_snapshot(account, times[-1], with_posts=with_posts) if times else None

    def is_huge(self, accounts: Iterable[Account]) -> bool:
        """Whether these accounts have more posts than can be walked while somebody waits.

        Of so many the provider gives no sum over posts and no top posts; a huge world
        moreover has no posts that vanish by themselves, so that they can be counted unseen.
        """
        return sum(account.post_quota for account in accounts) >= self._huge_from

    def sampled(self, accounts: list[Account]) -> list[Account]:
        """The accounts whose posts are compared for a sample: of too many the first fifty."""
        return accounts[:50] if self.is_huge(accounts) else accounts

    def find_account_snapshots(
        self, account: Account, now: int, wanted: Wanted
    ) -> list[AccountSnapshot]:
        """The captures that are wanted, newest first."""
        times = wanted.pick(self._captures(account, now), partial(self._account_source, account))
        return [self._account_snapshot(account, t) for t in times]

    def v1_totals(self, snapshot: AccountSnapshot) -> AccountTotals:
        """The capture as the first generation tells it."""
        account, at = snapshot.account, snapshot.captured_at
        posts = [
            (post.published_at, self.newest_post_counters(account, post, at))
            for post in self.posts(account, at)
        ]
        return add_up(at, snapshot.counters.followers, snapshot.counters.following, posts)

    # Posts

    def posts(self, account: Account, now: int) -> list[Post]:
        """The posts listed now, newest publication first."""
        listed = [post for post in self._captured(account, now) if not self._gone(post, now)]
        return sorted(listed, key=lambda post: (post.published_at, post.id), reverse=True)

    def published(self, account: Account, at: int, *, deleted: bool = False) -> list[Post]:
        """The posts on the platform at a moment, captured or not, also those gone by then if asked.

        A first capture comes a day after publication at the latest.
        """
        found = [p for p in self._captured(account, at + DAY) if p.published_at <= at]
        return found if deleted else [post for post in found if not self._gone(post, at)]

    def count_posts(self, account: Account, now: int) -> int:
        """How many posts are listed now; in a huge world without making them."""
        if self._deletes or now < self.origin:
            return len(self.posts(account, now))
        added = [p for p in self.edits.added_posts.get(account.id, []) if p.first_capture <= now]
        later = (
            post.first_capture <= now
            for period in range(-((self.origin - now) // DAY))
            for post in make.later_posts(self.seed, account, self.origin, self.days, period)
        )
        return account.post_quota + sum(later) + len(added) - self._deleted_by_hand(account, now)

    def first_posts(self, account: Account) -> list[Post]:
        """The posts that exist when the clock starts, oldest publication first."""
        return self._shelves.of(account).first()

    def legacy_id(self, account: Account, post: Post) -> str | None:
        """The older id of a post that was tracked while its account was of the first generation."""
        if account.id not in self.edits.moved_at:
            return None
        moved_at = self.edits.moved_at[account.id]
        if moved_at is not None and post.first_capture > moved_at:
            return None
        return make_legacy_id(self.seed, account.index, post.ordinal)

    def post_by_legacy_id(self, text: str, now: int) -> tuple[Account, Post] | None:
        """A post by its older id, if it has one."""
        place = read_legacy_id(self.seed, text)
        found = self.post(make_id(self.seed, "post", *place), now) if place else None
        return found if found and self.legacy_id(*found) else None

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
        times = self._post_captures(account, post, now)
        return [self.post_snapshot(account, post, t) for t in times]

    def find_post_snapshots(
        self, account: Account, post: Post, now: int, wanted: Wanted
    ) -> list[PostSnapshot]:
        """The captures that are wanted, newest first."""
        times = wanted.pick(self._post_captures(account, post, now), account.source_at)
        return [self.post_snapshot(account, post, t) for t in times]

    def newest_post_snapshot(self, account: Account, post: Post, now: int) -> PostSnapshot:
        """The newest capture of a post that has been captured."""
        captured_at = self.newest_capture(account, post, now)
        return self.post_snapshot(account, post, captured_at)

    def newest_post_counters(self, account: Account, post: Post, now: int) -> PostCounters:
        """The counters of the newest capture alone, cheap enough for totals over all posts."""
        captured_at = self.newest_capture(account, post, now)
        return post_counters(account, post, captured_at)

    def newest_capture(self, account: Account, post: Post, now: int) -> int:
        """When a post was captured last."""
        seeded = newest_post_capture(account, post, now)
        return max([seeded, *self._refreshes_of(account, post, now)])

    def post_snapshot(self, account: Account, post: Post, captured_at: int) -> PostSnapshot:
        """What was captured of a post at one of its capture times."""
        source = account.source_at(captured_at)
        counters = post_counters(account, post, captured_at)
        return PostSnapshot(account, post, source, captured_at, counters)

    def comments(self, account: Account, post: Post, now: int) -> list[Comment]:
        """The cached comments, newest first: those at the newest snapshot, 50 at most."""
        captured_at = self.newest_capture(account, post, now)
        cached = comments_at(post, comment_count(post, captured_at) or 0, COMMENTS_CACHED)
        return [comment for comment in cached if comment.id not in self.edits.deleted_comments]

    # Series and audience

    def series(self, account: Account, now: int, *, final: bool = False) -> list[Point]:
        """One point per UTC day from the first day with data to today or the ban.

        `final` gives the values that the points will have after the last restatement.
        """
        if not account.has_analytics(now):
            return []
        ledger, today = self._ledger(account), account.thaw(now) // DAY
        known_on = account.thaw((today + max(self._restated_days)) * DAY) // DAY if final else today
        return [
            Point(day, self._totals(account, ledger, day, known_on))
            for day in range(ledger.first_day, today + 1)
        ]

    def totals_at(self, account: Account, t: int) -> dict[str, int]:
        """Running totals of the account at a moment, whoever measures them."""
        return self._ledger(account).totals_at(t)

    def audience(self, account: Account, now: int) -> Audience | None:
        """The newest audience, where one is available."""
        return audience_at(self.seed, account, now)

    def intelligence(self, account: Account) -> Json | None:
        """Cached text about the account, there for some only."""
        return intelligence_of(account)

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

    def start_analytics(self, account: Account, now: int) -> Account:
        """An account that had no analytics is captured from now on."""
        started = replace(account, first_capture=now)
        self._accounts[account.index] = started
        self._shelves.forget(account.id)
        self._ledgers.pop(account.id, None)
        self.edits.version += 1
        return started

    def _captures(self, account: Account, now: int) -> Sequence[int]:
        """Every capture time of an account: its own, and those somebody asked for."""
        own = account_captures(account, now)
        asked = self.edits.refreshed.get(account.id)
        return sorted({*own, *(one.at for one in asked if one.at <= now)}) if asked else own

    def _post_captures(self, account: Account, post: Post, now: int) -> list[int]:
        own = post_captures(account, post, now)
        asked = self._refreshes_of(account, post, now)
        return sorted({*own, *asked}) if asked else own

    def _refreshes_of(self, account: Account, post: Post, now: int) -> list[int]:
        asked = self.edits.refreshed.get(account.id, ())
        return [one.at for one in asked if one.at <= now and post.id in one.post_ids]

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
        if self._deletes:
            deleted_at = self.edits.deleted_at(post)
        else:
            deleted_at = self.edits.deleted_posts.get(post.id)
        return deleted_at is not None and deleted_at <= now

    def _deleted_by_hand(self, account: Account, now: int) -> int:
        gone = [post_id for post_id, at in self.edits.deleted_posts.items() if at <= now]
        places = [read_id(self.seed, "post", post_id) for post_id in gone]
        return sum(place is not None and place[0] == account.index for place in places)

    def _ledger(self, account: Account) -> Ledger:
        if account.id not in self._ledgers:
            window = self._restated_days[account.index % len(self._restated_days)]
            self._ledgers[account.id] = Ledger(self.seed, account, window)
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

    def _account_snapshot(
        self, account: Account, captured_at: int, *, with_posts: bool = True
    ) -> AccountSnapshot:
        source = self._account_source(account, captured_at)
        totals = self._ledger(account).totals_at(captured_at)
        tracked = self._shelves.of(account).count_at(captured_at) if with_posts else None
        counters = account_counters(account, source, totals, tracked)
        return AccountSnapshot(account, source, captured_at, counters)
