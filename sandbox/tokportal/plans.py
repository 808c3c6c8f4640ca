"""What each plan may read (developers.tokportal.com/analytics, "Access Levels").

The page gives the levels in prose. Chosen here, so that a reader meets both ways of hiding:
creator keys get hidden fields as null, starter keys do not get them at all.
"""

from dataclasses import dataclass
from typing import Final

_OWNER_ONLY: Final = frozenset({"impressions", "reach", "profile_views"})
_ADVANCED: Final = _OWNER_ONLY | {"demographics", "intelligence"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One access level. `closed` features answer 403; `hidden` fields are null or absent."""

    level: str
    plan_tier: str
    reason: str
    closed: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    drops_hidden: bool = False
    posts_listed: int | None = None

    def access(self) -> dict[str, str]:
        """The `access` object of the dashboard and the contract."""
        return {"level": self.level, "planTier": self.plan_tier, "reason": self.reason}


PLANS: Final = {
    "full": Plan("full", "farmer", "full_access"),
    "creator": Plan(
        "creator",
        "creator",
        "plan_limited",
        closed=frozenset({"raw", "comments"}),
        hidden=_ADVANCED,
    ),
    "starter": Plan(
        "starter",
        "starter",
        "plan_limited",
        closed=frozenset({"raw", "comments", "series", "export"}),
        hidden=_ADVANCED | {"shares", "bookmarks", "daily_series"},
        drops_hidden=True,
        posts_listed=10,
    ),
}
