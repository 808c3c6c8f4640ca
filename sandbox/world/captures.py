"""When things are captured.

An account is captured at a fixed step. A post is captured daily while it is young, then
rarer: at the default size about 28 % of all posts get a new snapshot on a given day.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import inf

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, HOUR
from sandbox.world.posts import PHASES, Post

_HORIZON_DAYS = 3_000
_YOUNG_DAYS, _SETTLING_DAYS = 7, 19


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which captures are asked for: bounds are inclusive, the newest come first."""

    first: float = -inf
    last: float = inf
    source: str | None = None
    limit: int | None = None

    def pick(self, times: Sequence[int], source_at: Callable[[int], str]) -> list[int]:
        """Those of the capture times (oldest first) that are wanted."""
        found = (
            t
            for t in reversed(times)
            if self.first <= t <= self.last and self.source in (None, source_at(t))
        )
        return list(islice(found, self.limit))


def account_captures(account: Account, now: int) -> range:
    """Every capture time of an account up to now, oldest first."""
    if account.first_capture is None:
        return range(0)
    return range(account.first_capture, account.thaw(now) + 1, account.capture_step)


def post_captures(account: Account, post: Post, now: int) -> list[int]:
    """Every capture time of a post up to now, oldest first."""
    ages = schedule(post.phase, account.kind == "hourly")
    return [post.first_capture + age for age in ages[: _count(ages, account, post, now)]]


def newest_post_capture(account: Account, post: Post, now: int) -> int:
    """The newest capture of a post that has been captured."""
    ages = schedule(post.phase, account.kind == "hourly")
    return post.first_capture + ages[_count(ages, account, post, now) - 1]


def _count(ages: Sequence[int], account: Account, post: Post, now: int) -> int:
    """How many captures there are. The first one is made even on an account that is frozen."""
    age = account.thaw(now) - post.first_capture
    return bisect_right(ages, age) or int(post.first_capture <= now)


@lru_cache(maxsize=2 * PHASES)
def schedule(phase: int, dense: bool) -> tuple[int, ...]:
    """Seconds after a post's first capture at which it is captured again."""
    early = range(0, 3 * DAY, 3 * HOUR) if dense else range(0)
    days = (day * DAY for day in range(_HORIZON_DAYS) if _captured_on(day, phase))
    return tuple(sorted({*early, *days}))


def _captured_on(day: int, phase: int) -> bool:
    if day < _YOUNG_DAYS:
        return True
    return day % 3 == phase % 3 if day < _SETTLING_DAYS else day % 8 == phase % 8
