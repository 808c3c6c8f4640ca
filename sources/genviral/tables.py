"""The tables of Genviral: what one row is, what makes it unique, where each column is read.

Targets and accounts come in snake_case, rows of the analytics in camelCase; both are read.
"""

from __future__ import annotations

from ..landing.outcomes import BACKFILL_CHUNKS, SERIES_GAPS
from ..landing.outcomes import TABLES as OUTCOMES
from ..landing.tables import (
    FIRST_READ,
    FIRST_SEEN,
    LAST_SEEN,
    Column,
    Table,
    changed_at,
    column,
    ours,
    removed_at,
)

_TARGET_ID = ours("target_id", "text", "The tracked account: Genviral's analytics target id.")


def _metric(name: str, description: str) -> Column:
    return Column(name, "bigint", description, (f"metrics.{name}", name), figure=True)


_POST_METRICS = (
    _metric("views", "Views in all, as of the target's last refresh."),
    _metric("likes", "Likes in all."),
    _metric("comments", "Comments in all."),
    _metric("shares", "Shares in all."),
    _metric("saves", "Saves in all; other providers call them bookmarks."),
    column(
        "engagement_rate_reported",
        "double",
        "As Genviral gives it, in percent; by a formula that its own example contradicts.",
        "engagementRate",
        "engagement_rate",
        figure=True,
    ),
)

TARGETS = Table(
    name="targets",
    grain="one row per account that Genviral tracks, or tracked, for the key's scope",
    key=("target_id",),
    columns=(
        column("target_id", "text", "Genviral's analytics target id.", "id"),
        column("platform", "text", "tiktok, instagram or youtube."),
        column("identifier", "text", "Handle as Genviral writes it, with @."),
        column("normalized_identifier", "text", "Handle in lower case without @."),
        column("display_name", "text", "Name given to the target.", "displayName", "alias"),
        column("workspace_id", "text", "Workspace of the target; NULL in a personal scope."),
        column("user_id", "text", "Owner of the target."),
        column("favorite", "bool", "Marked as favourite.", "metadata.favorite"),
        column(
            "free_refresh_available",
            "bool",
            "The free refresh of the day is still there.",
            compared=False,
        ),
        column(
            "last_refreshed_at",
            "timestamp",
            "When Genviral measured the target last (UTC): the age of its figures.",
            "lastRefreshedAt",
        ),
        FIRST_SEEN,
        LAST_SEEN,
        removed_at("Since when two complete listings in a row lack it"),
    ),
    account="target_id",
    listed=True,
)


def _total(name: str, description: str, *aliases: str) -> Column:
    places = ("", "last_snapshot.", "lastSnapshot.", "profile.", "totals.")
    names = (name, *aliases)
    return Column(name, "bigint", description, tuple(p + n for p in places for n in names))


TARGET_SNAPSHOTS = Table(
    name="target_snapshots",
    grain="one row per observation of a target's totals",
    key=("target_id", "captured_at"),
    columns=(
        _TARGET_ID,
        Column(
            "captured_at",
            "timestamp",
            "When Genviral measured it (UTC).",
            ("captured_at", "last_snapshot.captured_at", "lastSnapshot.capturedAt"),
        ),
        _total("followers", "Followers at that moment.", "follower_count", "followers_count"),
        _total("following", "Accounts followed at that moment.", "following_count"),
        _total("views", "Views of its posts in all."),
        _total("likes", "Likes of its posts in all."),
        _total("comments", "Comments of its posts in all."),
        _total("shares", "Shares of its posts in all."),
        _total(
            "posts_tracked", "Posts that Genviral tracks.", "posts", "post_count", "posts_count"
        ),
    ),
    account="target_id",
)

POSTS = Table(
    name="posts",
    grain="one row per post in Genviral's analytics, with its latest counters",
    key=("analytics_id",),
    columns=(
        column("analytics_id", "text", "Genviral's id of the analytics row.", "analyticsId", "id"),
        _TARGET_ID,
        column("platform", "text", "tiktok, instagram or youtube."),
        column(
            "platform_post_id",
            "text",
            "The platform's own id: from the field, else out of the address (not Instagram's).",
            "platformPostId",
        ),
        column(
            "genviral_post_id",
            "text",
            "The post made through Genviral (`published_posts`); may come later, never goes.",
            "genviralPostId",
        ),
        column(
            "external_id",
            "text",
            "The customer's reference of that post; may come later, never goes.",
            "externalId",
        ),
        column("account_identifier", "text", "Handle, with @; may change.", "accountIdentifier"),
        column("account_display_name", "text", "Name of the account.", "accountDisplayName"),
        column(
            "account_avatar_url",
            "text",
            "Picture of the account; expires, so a new one alone is no change.",
            "accountAvatarUrl",
            compared=False,
        ),
        column("url", "text", "Address on the platform.", "permalink"),
        column("caption", "text", "The post's text; third-party text."),
        column(
            "thumbnail_url",
            "text",
            "Thumbnail; expires, so a new one alone is no change.",
            "thumbnailUrl",
            compared=False,
        ),
        column("duration_seconds", "double", "Length; NULL for slideshows.", "durationSeconds"),
        column("published_at", "timestamp", "When posted (UTC).", "publishedAt"),
        *_POST_METRICS,
        FIRST_SEEN,
        LAST_SEEN,
        removed_at("Since when a complete listing, or that of the targets, lacks it"),
    ),
    account="target_id",
    listed=True,
    goes_with="target_id",
)

POST_SNAPSHOTS = Table(
    name="post_snapshots",
    grain="one row per post and UTC day on which it was read; the day's last figures",
    key=("analytics_id", "fetched_on"),
    columns=(
        ours("analytics_id", "text", "The post."),
        _TARGET_ID,
        ours("fetched_on", "date", "The UTC day, on the provider's clock."),
        ours(
            "measured_at",
            "timestamp",
            "When Genviral measured these figures (UTC): the last refresh; NULL: not said.",
        ),
        *_POST_METRICS,
    ),
    payload=False,
    account="target_id",
)

SERIES_METRICS = ("views", "likes", "comments", "shares", "saves")

DAILY_SERIES = Table(
    name="daily_series",
    grain="one row per target and UTC day: what was won on that day, never running totals",
    key=("target_id", "date"),
    columns=(
        _TARGET_ID,
        column("date", "date", "The UTC day.", "day"),
        column("views_gained", "bigint", "Views of that day, where served.", "views"),
        column("likes_gained", "bigint", "Likes of that day.", "likes"),
        column("comments_gained", "bigint", "Comments of that day.", "comments"),
        column("shares_gained", "bigint", "Shares of that day.", "shares"),
        column("saves_gained", "bigint", "Saves of that day.", "saves"),
        Column(
            "engagement_rate_reported",
            "double",
            "Engagement rate of that day as Genviral gives it, in percent.",
            ("_engagement.value", "_engagement.engagementRate", "_engagement.engagement_rate"),
        ),
        Column(
            "posts_published",
            "bigint",
            "Posts published on that day.",
            ("_heatmap.count", "_heatmap.posts"),
        ),
        FIRST_READ,
        *(changed_at(f"{metric}_gained") for metric in SERIES_METRICS),
    ),
    account="target_id",
)

ACCOUNTS = Table(
    name="accounts",
    grain="one row per account that posts can be sent to; not the tracked targets",
    key=("account_id",),
    columns=(
        column("account_id", "text", "Genviral's account id; not a target id.", "id"),
        column("platform", "text", "tiktok, instagram, youtube …"),
        column("type", "text", "byo (connected by its owner) or hosted."),
        column("username", "text", "Handle without @."),
        column("display_name", "text", "Name shown on the profile."),
        column("status", "text", "Only active accounts are listed."),
        column("workspace_id", "text", "Workspace; NULL in a personal scope."),
        column("capabilities", "json", "What can be posted to it."),
        FIRST_SEEN,
        LAST_SEEN,
        removed_at("Since when the listing lacks it: disconnected, not deleted"),
    ),
    listed=True,
)

PUBLISHED_POSTS = Table(
    name="published_posts",
    grain="one row per post made through Genviral, whatever became of it",
    key=("post_id",),
    columns=(
        column("post_id", "text", "Genviral's post id; `posts.genviral_post_id`.", "id"),
        column("caption", "text", "The post's text."),
        column("status", "text", "draft, pending, scheduled, posted, failed, partial, retry …"),
        column("scheduled_at", "timestamp", "When it is to go out (UTC).", erasable=True),
        column("created_at", "timestamp", "When it was made (UTC)."),
        column("music_url", "text", "Music chosen for it.", erasable=True),
        column("external_id", "text", "The customer's own reference."),
        column("accounts_total", "bigint", "Accounts it goes to.", "accounts.total"),
        column("media", "json", "Its media."),
        removed_at(),
    ),
    listed=True,
)

PUBLISHED_POST_ACCOUNTS = Table(
    name="published_post_accounts",
    grain="one row per post made through Genviral and account it goes to",
    key=("post_id", "account_id"),
    columns=(
        ours("post_id", "text", "The post."),
        column("account_id", "text", "The account it goes to.", "id"),
        column("status", "text", "How it stands on that account."),
        column("published_at", "timestamp", "When it went out there (UTC)."),
        column("published_url", "text", "Its address on the platform."),
        ours(
            "platform_post_id",
            "text",
            "The platform's own id, out of the address; NULL for Instagram's.",
        ),
        column("error_message", "text", "Why it did not go out.", erasable=True),
        column("last_attempted_at", "timestamp", "Last attempt (UTC)."),
        removed_at("Since when the post, or its list of accounts, lacks it"),
    ),
    listed=True,
    goes_with="post_id",
)

SUBSCRIPTION_SNAPSHOTS = Table(
    name="subscription_snapshots",
    grain="one row per change of the subscription or its credits",
    key=("tenant", "fetched_at"),
    columns=(
        column("scope", "text", "workspace or personal."),
        column("workspace_id", "text", "Workspace; NULL in a personal scope."),
        column("status", "text", "Status of the subscription.", "subscription.status"),
        column("tier", "text", "Plan tier.", "subscription.tier"),
        column("billing_interval", "text", "month or year.", "subscription.billing_interval"),
        column("renews_at", "timestamp", "Next renewal (UTC).", "subscription.renews_at"),
        column(
            "credits_limit",
            "bigint",
            "Credits of a period.",
            "subscription.credits.limit",
            "credits.limit",
        ),
        column(
            "credits_used",
            "bigint",
            "Credits used in this period.",
            "subscription.credits.used_this_period",
            "credits.used_this_period",
        ),
        column(
            "credits_remaining",
            "bigint",
            "Credits left.",
            "subscription.credits.remaining",
            "credits.remaining",
        ),
        column(
            "credits_reset_at",
            "timestamp",
            "When the period ends (UTC).",
            "subscription.credits.reset_at",
            "credits.reset_at",
        ),
    ),
)

DATA_TABLES = (
    TARGETS,
    TARGET_SNAPSHOTS,
    POSTS,
    POST_SNAPSHOTS,
    DAILY_SERIES,
    ACCOUNTS,
    PUBLISHED_POSTS,
    PUBLISHED_POST_ACCOUNTS,
    SUBSCRIPTION_SNAPSHOTS,
)
TABLES = (*DATA_TABLES, BACKFILL_CHUNKS, SERIES_GAPS, *OUTCOMES)

# A stream is what is asked for in one way; it fills these tables (semantics, section 3).
STREAMS: dict[str, tuple[Table, ...]] = {
    "targets": (TARGETS,),
    "target_snapshots": (TARGET_SNAPSHOTS,),
    "posts": (POSTS, POST_SNAPSHOTS),
    "daily_series": (DAILY_SERIES,),
    "accounts": (ACCOUNTS,),
    "published_posts": (PUBLISHED_POSTS, PUBLISHED_POST_ACCOUNTS),
    "subscription_snapshots": (SUBSCRIPTION_SNAPSHOTS,),
}
OPTIONAL_STREAMS: frozenset[str] = frozenset()
