"""What a row of each table is known by, and when two values are the same value."""

import json
import re
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Key = tuple[Any, ...]

# table -> (the sandbox's name for its truth, key)
TABLES: dict[str, tuple[str, Key]] = {
    "accounts": ("accounts", ("account_id",)),
    "account_snapshots": ("account_snapshots", ("account_id", "source", "captured_at")),
    "tracked_posts": ("tracked_posts", ("tracked_post_id",)),
    "post_snapshots": ("post_snapshots", ("tracked_post_id", "source", "captured_at")),
    "daily_series": ("daily_series", ("account_id", "date")),
    "account_raw_snapshots": ("account_raw_snapshots", ("snapshot_id",)),
    "post_raw_snapshots": ("post_raw_snapshots", ("snapshot_id",)),
    "comments": ("comments", ("comment_id",)),
    "demographics": ("demographics", ("account_id", "captured_at", "dimension", "bucket")),
    "portfolio_snapshots": ("portfolio", ()),
    "contracts": ("contract", ("version", "access_level")),
}
GENVIRAL: dict[str, tuple[str, Key]] = {
    "targets": ("targets", ("target_id",)),
    "target_snapshots": ("target_snapshots", ("target_id", "captured_at")),
    "posts": ("posts", ("analytics_id",)),
    "post_snapshots": ("post_snapshots", ("analytics_id", "fetched_on")),
    "daily_series": ("daily_series", ("target_id", "date")),
    "accounts": ("accounts", ("account_id",)),
    "published_posts": ("published_posts", ("post_id",)),
    "published_post_accounts": ("published_post_accounts", ("post_id", "account_id")),
    "subscription_snapshots": ("subscription_snapshots", ()),
}
PROVIDERS = {"tokportal": TABLES, "genviral": GENVIRAL}
# Of these a new row is written when anything changed: only the newest one can be held to the truth.
NEWEST_ONLY = frozenset({"portfolio_snapshots", "subscription_snapshots"})
# What is listed with an owner: gone posts of owners that are still there must be marked.
OWNED = {
    "tokportal": ("tracked_posts", "account_id", "accounts"),
    "genviral": ("posts", "target_id", "targets"),
}
# What is measured, in tables whose rows say when.
FIGURES = frozenset(
    {"followers", "following", "views", "likes", "comments", "shares", "bookmarks", "impressions"}
    | {"reach", "profile_views", "posts_tracked", "engagement_rate_reported"}
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def canonical(column: str, value: Any) -> Any:
    """A value as JSON serves it, in the form in which both sides are compared."""
    if value is None:
        return None
    if column == "raw":
        return json.dumps(_escaped(value), sort_keys=True, ensure_ascii=False)
    if column.endswith("_at"):
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // (_EPOCH.resolution)
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


def selected(column: str) -> str:
    """SQL that gives a column in that same form."""
    if column.endswith("_at"):
        return f'epoch_us(t."{column}")'
    return f't."{column}"::varchar' if column in ("raw", "date", "fetched_on") else f't."{column}"'


def from_warehouse(column: str, value: Any) -> Any:
    """What `selected` brought, in that same form."""
    if column != "raw" or value is None:
        return value
    return json.dumps(json.loads(value), sort_keys=True, ensure_ascii=False)


def same(left: Any, right: Any) -> bool:
    """Equal, and true is not one."""
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _escaped(tree: Any) -> Any:
    """JSON with the characters that no database holds spelled out."""
    if isinstance(tree, dict):
        return {_escaped(name): _escaped(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_escaped(value) for value in tree]
    return _UNSTORABLE.sub(_spelled, tree) if isinstance(tree, str) else tree


def _spelled(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
