"""Stored captures. Ids and provider JSON are made when asked for: most rows need neither."""

from dataclasses import dataclass

from sandbox.world.accounts import Account
from sandbox.world.chance import uuid_of
from sandbox.world.measured import AccountCounters, PostCounters
from sandbox.world.payloads import Json, account_payload, post_payload
from sandbox.world.posts import Post


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """One capture of an account."""

    account: Account
    source: str
    captured_at: int
    counters: AccountCounters

    @property
    def id(self) -> str:
        """The row's id in the store of snapshots."""
        return uuid_of("account snapshot", self.account.id, self.captured_at)

    @property
    def raw(self) -> Json:
        """What the upstream provider returned."""
        return account_payload(self.account, self.source, self.captured_at, self.counters)


@dataclass(frozen=True, slots=True)
class PostSnapshot:
    """One capture of a post."""

    account: Account
    post: Post
    source: str
    captured_at: int
    counters: PostCounters

    @property
    def id(self) -> str:
        """The row's id in the store of snapshots."""
        return uuid_of("post snapshot", self.post.id, self.captured_at)

    @property
    def raw(self) -> Json:
        """What the upstream provider returned."""
        return post_payload(self.account, self.post, self.source, self.captured_at, self.counters)
