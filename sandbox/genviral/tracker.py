"""What Genviral knows of one owner's accounts at a moment: targets, their rows and their days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import NamedTuple

from sandbox.genviral.book import Book, Inserted
from sandbox.genviral.created import Created, created_posts
from sandbox.genviral.target import Target, as_anybody_sees_it, scheduled_refresh, target_of
from sandbox.genviral.tracked import Tracked, tracked
from sandbox.world import posts as make
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, HOUR
from sandbox.world.ledger import known_parts
from sandbox.world.world import World

# Inserted posts are numbered apart from those a test adds to the world.
_FIRST_INSERTED = make.ADDED + 1_000_000

Moment = tuple[int | None, int, int]
Gain = tuple[int, int, int, int, int]  # views, likes, comments, shares, saves


class Day(NamedTuple):
    """What a target gained on one UTC day, and how many posts were published on it."""

    day: int
    views: int
    likes: int
    comments: int
    shares: int
    saves: int
    posts: int


class Tracker:
    """One owner's Genviral. Rows and days are kept until a refresh or an edit changes them."""

    def __init__(self, world: World, restated_days: Sequence[int] = (0,)) -> None:
        self.world = world
        self._restated_days = tuple(restated_days)
        self.book = Book(world.seed)
        self._rows: dict[str, tuple[Moment, list[Tracked]]] = {}
        self._days: dict[str, tuple[Moment, list[Day]]] = {}
        self._everyone: tuple[int, list[Target]] = (-1, [])
        self._created: tuple[tuple[int, int, int], list[Created]] | None = None

    @property
    def version(self) -> int:
        """Moves with every change of the world or of what Genviral has of it."""
        return self.world.edits.version + self.book.version

    # Targets

    def targets(self, now: int) -> list[Target]:
        """Every target there is, whether or not TokPortal still lists its account."""
        removed = self.book.removed
        found = [one for one in self._all_targets() if one.account.has_analytics(now)]
        return [one for one in found if one.id not in removed] if removed else found

    def target(self, target_id: str, now: int) -> Target | None:
        """The target with this id."""
        return next((one for one in self.targets(now) if one.id == target_id), None)

    def last_refresh(self, target: Target, now: int) -> int | None:
        """When the target was measured last, by schedule or on demand."""
        scheduled = scheduled_refresh(self.world.seed, target.account, now)
        asked = self.book.completed(target.id, now)
        return max((t for t in (scheduled, asked) if t is not None), default=None)

    def totals(self, target: Target, now: int) -> dict[str, int] | None:
        """Followers and running totals of the profile at its last refresh."""
        refreshed = self.last_refresh(target, now)
        return None if refreshed is None else self._totals_at(target, refreshed)

    # Rows

    def rows(self, target: Target, now: int) -> list[Tracked]:
        """The target's posts as of its last refresh, oldest publication first."""
        moment = self._moment(target, now)
        known = self._rows.get(target.id)
        if known is None or known[0] != moment:
            known = moment, self._measure(target, now)
            self._rows[target.id] = known
        return known[1]

    def days(self, target: Target, now: int) -> list[Day]:
        """One entry per UTC day from the first with data to that of the last refresh."""
        moment = self._moment(target, now)
        known = self._days.get(target.id)
        if known is None or known[0] != moment:
            known = moment, self._gains(target, now)
            self._days[target.id] = known
        return known[1]

    def final_days(self, target: Target, now: int) -> list[Day]:
        """The same days with the gains that they will have after the last restatement.

        A banned account is not refreshed again, so its last days stay provisional.
        """
        refreshed = self.last_refresh(target, now + (max(self._restated_days) + 30) * DAY)
        if refreshed is None:
            return []
        return [
            Day(one.day, *self._known_gain(target, one.day, refreshed), one.posts)
            for one in self.days(target, now)
        ]

    def count(self, target: Target, now: int) -> int | None:
        """How many posts the target has; None in a portfolio too large to count in passing."""
        return None if self.world.is_huge(self.world.everyone()) else len(self.rows(target, now))

    # What was posted

    def created_posts(self, now: int) -> list[Created]:
        """Every post that was made through Genviral, newest first."""
        moment = (now, self.world.edits.version, self.book.version)
        if self._created is None or self._created[0] != moment:
            made, deleted = created_posts(self.world, now), self.book.deleted_created
            self._created = moment, [one for one in made if one.id not in deleted]
        return self._created[1]

    # Edits

    def insert_post(self, target: Target, now: int, published_at: int) -> Tracked:
        """One more post that is there at once and that Genviral alone has."""
        place = _FIRST_INSERTED + len(self.book.inserted.get(target.id, []))
        made = make.added_post(self.world.seed, target.account, place, now)
        # Phase 16 and above have nothing odd about them: the time stays as it was asked for.
        post = replace(made, published_at=published_at, phase=16 + made.phase % 8)
        self.book.insert(target.id, Inserted(now, post))
        return next(row for row in self.rows(target, now) if row.post.id == post.id)

    def insert_oldest(self, target_id: str, now: int) -> None:
        """A post older than every other one of the target."""
        target = self.target(target_id, now)
        if target:
            oldest = min((row.published_at for row in self.rows(target, now)), default=now)
            self.insert_post(target, now, oldest - HOUR)

    def _all_targets(self) -> list[Target]:
        version, found = self._everyone
        if version != self.version:
            found = [self._make_target(account) for account in self.world.everyone()]
            self._everyone = self.version, found
        return found

    def _make_target(self, account: Account) -> Target:
        target = target_of(self.world.seed, account, None)
        name = self.book.renamed.get(target.id)
        return replace(target, identifier=name) if name else target

    def _moment(self, target: Target, now: int) -> Moment:
        return self.last_refresh(target, now), self.version, len(self._inserted(target, now))

    def _inserted(self, target: Target, now: int) -> list[Inserted]:
        return [one for one in self.book.inserted.get(target.id, ()) if one.at <= now]

    def _measure(self, target: Target, now: int) -> list[Tracked]:
        refreshed = self.last_refresh(target, now)
        seen = target.account.thaw(refreshed or 0)
        published = self.world.published(target.account, seen) if refreshed else []
        places = [(post, seen) for post in published]
        places += [(one.post, max(seen, one.at)) for one in self._inserted(target, now)]
        account = as_anybody_sees_it(target.account)
        found = [tracked(self.world.seed, target.id, account, *place) for place in places]
        kept = [row for row in found if row.analytics_id not in self.book.dropped]
        return sorted(kept, key=lambda row: (row.published_at, row.analytics_id))

    def _gains(self, target: Target, now: int) -> list[Day]:
        refreshed = self.last_refresh(target, now)
        if refreshed is None:
            return []
        published = Counter(row.published_at // DAY for row in self.rows(target, now))
        first = min([target.account.data_start // DAY, *published])
        last = max([refreshed // DAY, *published])
        return [
            Day(day, *self._known_gain(target, day, refreshed), published[day])
            for day in range(first, last + 1)
        ]

    def _known_gain(self, target: Target, day: int, refreshed: int) -> Gain:
        """What Genviral knows of a gain: a part of it while it restates the day."""
        windows, age = self._restated_days, refreshed // DAY - day
        parts = known_parts(windows[target.account.index % len(windows)])
        gain = self._gain(target, day, refreshed)
        if not 0 <= age < len(parts):
            return gain
        views, likes, comments, shares, saves = (floor(one * parts[age]) for one in gain)
        return views, likes, comments, shares, saves

    def _gain(self, target: Target, day: int, refreshed: int) -> Gain:
        """Of the profile, from midnight to midnight or to the last refresh."""
        begin, end = min(day * DAY, refreshed), min((day + 1) * DAY, refreshed)
        old, new = self._totals_at(target, begin), self._totals_at(target, end)
        views, likes, comments = (new[n] - old[n] for n in ("views", "likes", "comments"))
        return views, likes, comments, new["shares"] - old["shares"], new["saves"] - old["saves"]

    def _totals_at(self, target: Target, t: int) -> dict[str, int]:
        totals = self.world.totals_at(target.account, target.account.thaw(t))
        return {**totals, "saves": totals["likes"] // 9}
