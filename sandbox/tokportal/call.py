"""One authenticated call: the moment, the plan, and what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from sandbox.answers import ApiError
from sandbox.owner import Owner
from sandbox.params import Query
from sandbox.tokportal.plans import Plan
from sandbox.world.accounts import Account
from sandbox.world.posts import Post
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs; `args` are the parts of the path, `body` is what a verb was sent."""

    owner: Owner
    now: int
    plan: Plan
    args: dict[str, str]
    query: Query
    later: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """What the key's owner has."""
        return self.owner.world

    def account(self) -> Account:
        """The account in the path."""
        return self.require_account(self.args["id"])

    def require_account(self, account_id: str) -> Account:
        """An account of the portfolio, or 404."""
        account = self.world.account(account_id)
        if account is None and self.owner.is_another_s(account_id):
            raise ApiError(403, "SAVED_ACCOUNT_NOT_OWNED", "This account is not yours.")
        if account is None:
            raise ApiError(404, "SAVED_ACCOUNT_NOT_FOUND", "Saved account not found.")
        return account

    def analysed_account(self) -> Account:
        """The account in the path, once it has analytics of the newer generation."""
        account = self.account()
        if not self.world.has_v2(account, self.now):
            raise no_analytics()
        return account

    def older_or_newer_account(self) -> Account:
        """The account in the path, once it has analytics of either generation."""
        account = self.account()
        if not account.has_analytics(self.now):
            raise no_analytics()
        return account

    def posts(self, account: Account) -> list[Post]:
        """The account's posts that this plan sees, newest first."""
        return self.world.posts(account, self.now)[: self.plan.posts_listed]

    def require(self, feature: str) -> None:
        """Refuse a feature the plan does not include."""
        if feature in self.plan.closed:
            self.refuse(feature)

    def refuse(self, feature: str) -> NoReturn:
        """The plan does not include this. Neither status nor code of this is published."""
        raise ApiError(
            403,
            "PLAN_UPGRADE_REQUIRED",
            f"Your plan does not include {feature}.",
            level=self.plan.level,
        )


def no_analytics() -> ApiError:
    """An account without analytics is an error, not an empty answer."""
    return ApiError(
        404,
        "ANALYTICS_NOT_FOUND",
        "No analytics data found for this account. Try calling the refresh endpoint first.",
    )


def no_video_analytics() -> ApiError:
    """No post with this id has analytics."""
    return ApiError(404, "VIDEO_ANALYTICS_NOT_FOUND", "No analytics data found for this video ID.")
