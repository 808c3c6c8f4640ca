"""What a test changed by hand while the world runs."""

from dataclasses import dataclass, field

from sandbox.world.accounts import Account
from sandbox.world.posts import Post


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A capture somebody asked for: of the account and of these posts."""

    at: int
    post_ids: frozenset[str]


@dataclass(slots=True)
class Edits:
    """Changes laid over the seeded world. `version` moves with each, so caches know."""

    version: int = 0
    deleted_posts: dict[str, int] = field(default_factory=dict)
    kept_posts: set[str] = field(default_factory=set)
    added_posts: dict[str, list[Post]] = field(default_factory=dict)
    removed_accounts: set[str] = field(default_factory=set)
    added_accounts: list[Account] = field(default_factory=list)
    restated_days: dict[tuple[str, int], float] = field(default_factory=dict)
    refreshed: dict[str, list[Refreshed]] = field(default_factory=dict)
    moved_at: dict[str, int | None] = field(default_factory=dict)
    removed_bundles: set[str] = field(default_factory=set)
    deleted_comments: set[str] = field(default_factory=set)

    def deleted_at(self, post: Post) -> int | None:
        """When the post left the listings; a hand's word counts before the seed's."""
        if post.id in self.kept_posts:
            return None
        return self.deleted_posts.get(post.id, post.deleted_at)

    def delete_post(self, post_id: str, now: int) -> None:
        """The post leaves the listings now."""
        self.kept_posts.discard(post_id)
        self.deleted_posts[post_id] = now
        self.version += 1

    def restore_post(self, post_id: str) -> None:
        """The post is listed again, for good."""
        self.deleted_posts.pop(post_id, None)
        self.kept_posts.add(post_id)
        self.version += 1

    def add_post(self, account_id: str, post: Post) -> None:
        """The account has one more post."""
        self.added_posts.setdefault(account_id, []).append(post)
        self.version += 1

    def add_account(self, account: Account) -> None:
        """The portfolio has one more account."""
        self.added_accounts.append(account)
        self.version += 1

    def remove_account(self, account_id: str) -> None:
        """The account leaves the portfolio."""
        self.removed_accounts.add(account_id)
        self.version += 1

    def restore_account(self, account_id: str) -> None:
        """The account is back."""
        self.removed_accounts.discard(account_id)
        self.version += 1

    def remove_bundle(self, bundle_id: str) -> None:
        """The bundle is not listed any more, nor are its videos."""
        self.removed_bundles.add(bundle_id)
        self.version += 1

    def restore_bundle(self, bundle_id: str) -> None:
        """The bundle is back."""
        self.removed_bundles.discard(bundle_id)
        self.version += 1

    def delete_comment(self, comment_id: str) -> None:
        """The comment is not served any more; the post's counter stays."""
        self.deleted_comments.add(comment_id)
        self.version += 1

    def restate_day(self, account_id: str, day: int, factor: float) -> None:
        """All metrics of one point of the daily series are multiplied."""
        self.restated_days[account_id, day] = factor
        self.version += 1

    def refresh(self, account_id: str, capture: Refreshed) -> None:
        """The account and some of its posts are captured once more."""
        self.refreshed.setdefault(account_id, []).append(capture)
        self.version += 1

    def keep_on_v1(self, account_id: str) -> None:
        """The account's analytics are of the older generation until it is moved."""
        self.moved_at[account_id] = None
        self.version += 1

    def move_to_v2(self, account_id: str, now: int) -> None:
        """The account's analytics are of the newer generation from now on."""
        self.moved_at[account_id] = now
        self.version += 1
