"""One authenticated call: the moment, the plan, and what was asked."""

from dataclasses import dataclass

from sandbox.answers import ApiError
from sandbox.params import Query
from sandbox.tokportal.plans import Plan
from sandbox.world.accounts import Account
from sandbox.world.posts import Post
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs; `args` are the parts of the path."""

    world: World
    now: int
    plan: Plan
    args: dict[str, str]
    query: Query

    def account(self) -> Account:
        """The account in the path."""
        return self.require_account(self.args["id"])

    def require_account(self, account_id: str) -> Account:
        """An account of the portfolio, or 404."""
        account = self.world.account(account_id)
        if account is None:
            raise ApiError(404, "SAVED_ACCOUNT_NOT_FOUND", "Saved account not found.")
        return account

    def analysed_account(self) -> Account:
        """The account in the path, once it has analytics."""
        account = self.account()
        if not account.has_analytics(self.now):
            raise ApiError(
                404,
                "ANALYTICS_NOT_FOUND",
                "No analytics data found for this account. Try calling the refresh endpoint first.",
            )
        return account

    def posts(self, account: Account) -> list[Post]:
        """The account's posts that this plan sees, newest first."""
        return self.world.posts(account, self.now)[: self.plan.posts_listed]

    def require(self, feature: str) -> None:
        """Refuse a feature the plan does not include."""
        if feature in self.plan.closed:
            # Neither status nor code of this refusal is published.
            raise ApiError(
                403,
                "PLAN_UPGRADE_REQUIRED",
                f"Your plan does not include {feature}.",
                level=self.plan.level,
            )
