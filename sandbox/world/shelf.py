"""The posts of each account, generated when asked for and as far as the clock has come."""

from bisect import bisect_right

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY
from sandbox.world.posts import LATER, Post, first_posts, later_posts

KEPT_POSTS = 300_000  # about 300 MB; more are made again when they are asked for again


class Shelves:
    """The shelf of each account; those made first go when too many posts are held."""

    def __init__(self, seed: int, origin: int, days: int, *, deletes: bool) -> None:
        self._seed, self._origin, self._days, self._deletes = seed, origin, days, deletes
        self._shelves: dict[str, Shelf] = {}
        self._held = 0

    def of(self, account: Account) -> "Shelf":
        """The account's shelf."""
        shelf = self._shelves.get(account.id)
        if shelf is None:
            shelf = Shelf(self._seed, account, self._origin, self._days, deletes=self._deletes)
            self._shelves[account.id] = shelf
            self._held += account.post_quota
            self._make_room()
        return shelf

    def forget(self, account_id: str) -> None:
        """The account has changed: its shelf is made anew when it is asked for."""
        shelf = self._shelves.pop(account_id, None)
        self._held -= shelf.quota if shelf else 0

    def _make_room(self) -> None:
        while self._held > KEPT_POSTS and len(self._shelves) > 1:
            first = next(iter(self._shelves))
            self._held -= self._shelves.pop(first).quota


class Shelf:
    """Seeded posts of an account in order of publication; grows when asked for a later moment."""

    def __init__(
        self, seed: int, account: Account, origin: int, days: int, *, deletes: bool
    ) -> None:
        self._seed, self._account, self._deletes = seed, account, deletes
        self._origin, self._days = origin, days
        self._periods = 0
        self.quota = account.post_quota
        self._take(first_posts(seed, account, origin))

    def captured(self, now: int) -> list[Post]:
        """The posts captured at least once by now, deleted or not, oldest publication first."""
        self._grow(now)
        return [post for post in self._posts if post.first_capture <= now]

    def first(self) -> list[Post]:
        """The posts that exist when the clock starts, oldest publication first."""
        return [post for post in self._posts if post.ordinal < LATER]

    def find(self, post_id: str, now: int) -> Post | None:
        """The post with this id, once it has been captured."""
        self._grow(now)
        post = self._by_id.get(post_id)
        return post if post and post.first_capture <= now else None

    def count_at(self, t: int) -> int:
        """Posts tracked at a moment, by the seed alone: hand edits do not rewrite old captures."""
        self._grow(t)
        return bisect_right(self._captures, t) - bisect_right(self._deletions, t)

    def _grow(self, now: int) -> None:
        periods = (now - self._origin) // DAY + 1
        if periods <= self._periods:
            return
        new = [
            post
            for period in range(self._periods, periods)
            for post in later_posts(self._seed, self._account, self._origin, self._days, period)
        ]
        self._periods = periods
        self._take([*self._posts, *new])

    def _take(self, posts: list[Post]) -> None:
        self._posts = sorted(posts, key=lambda post: (post.published_at, post.id))
        self._by_id = {post.id: post for post in posts}
        self._captures = sorted(post.first_capture for post in posts)
        gone = [post.deleted_at for post in posts if post.deleted_at is not None]
        self._deletions = sorted(gone) if self._deletes else []
