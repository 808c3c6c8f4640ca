"""The counters, and which of them a source measures on a platform. Not measured is None, not 0."""

from typing import Final, NamedTuple


class PostCounters(NamedTuple):
    """Totals of one post at one capture. None: not measured."""

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    bookmarks: int | None
    impressions: int | None
    reach: int | None


class AccountCounters(NamedTuple):
    """Totals of one account at one capture. None: not measured."""

    followers: int | None
    following: int | None
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    bookmarks: int | None
    impressions: int | None
    reach: int | None
    profile_views: int | None
    posts_count: int | None


_PRIVATE = {"impressions", "reach", "profile_views"}  # only an account's owner can see these

_UNMEASURED: Final[dict[tuple[str, str], set[str]]] = {
    ("tiktok", "bundle_social"): set(),
    ("tiktok", "apify"): _PRIVATE,
    ("instagram", "bundle_social"): set(),
    ("instagram", "apify"): _PRIVATE | {"shares", "bookmarks"},
    ("youtube", "bundle_social"): {"shares", "bookmarks", "reach"},
    ("youtube", "apify"): _PRIVATE | {"shares", "bookmarks"},
}
# Somebody typed these in from the app: totals, nothing else.
_MANUAL = set(AccountCounters._fields) - {"followers", "views", "likes"}


def unmeasured(platform: str, source: str) -> set[str]:
    """Names of the counters this source leaves empty on this platform."""
    return _MANUAL if source == "manual" else _UNMEASURED[platform, source]
