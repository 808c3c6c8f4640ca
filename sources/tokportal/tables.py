"""TokPortal's tables: what a row is, what each column means, and where it is read.

Shapes are those of developers.tokportal.com/analytics (v2) and /analytics/analytics (v1). Where the
documentation names no field, the aliases are assumptions (README.md); `payload` keeps the original,
so a wrong one costs a re-derivation and never data.
"""

from __future__ import annotations

from ..landing.outcomes import BACKFILL_CHUNKS, SERIES_GAPS
from ..landing.outcomes import TABLES as OUTCOMES
from ..landing.tables import (
    FIRST_READ,
    FIRST_SEEN,
    LAST_SEEN,
    Aliases,
    Column,
    Derived,
    Table,
    changed_at,
    column,
    ours,
    removed_at,
)
from .agency_tables import (
    AGENCY_STREAMS,
    AGENCY_TABLES,
    BUNDLE_MARKS,
    BUNDLE_VIDEOS,
    BUNDLES,
    CLIENTS,
)
from .clients import client_rows
from .webhooks import WEBHOOK_EVENTS

# Metrics stand beside the row's own fields, or under one of these.
_NESTED = ("latest", "latest_snapshot", "metrics", "analytics_v2", "analytics_v2.latest")


def _metric(name: str, description: str, *aliases: str) -> Column:
    names = (name, *aliases)
    return Column(name, "bigint", description, (*names, *_nested(*names)), figure=True)


def _nested(*names: str) -> tuple[str, ...]:
    return tuple(f"{place}.{name}" for place in _NESTED for name in names)


def _post_field(name: str, type_: str, description: str, *aliases: str, **rules: bool) -> Column:
    names = (name, *aliases)
    # v1 and v2 rows of the video list carry the full v2 row under `analytics_v2`.
    deep = tuple(f"analytics_v2.{alias}" for alias in names)
    post = tuple(f"post.{alias}" for alias in names)
    return Column(name, type_, description, (*names, *deep, *post), **rules)  # type: ignore[arg-type]


_CAPTURED = ("scraped_at", "snapshot_at", "fetched_at")
_CAPTURED_AT = Column(
    "captured_at",
    "timestamp",
    "When the provider measured it (UTC).",
    (
        *("captured_at", *_CAPTURED),
        *_nested("captured_at", *_CAPTURED),
    ),
)
_RAW_CAPTURED_AT = column(
    "captured_at", "timestamp", "When the provider measured it (UTC).", *_CAPTURED, "created_at"
)

_COUNTERS = (
    _metric("views", "Views in all, at that moment.", "total_views", "view_count"),
    _metric("likes", "Likes in all.", "total_likes", "like_count"),
    _metric("comments", "Comments in all.", "total_comments", "comment_count", "comments_count"),
    _metric("shares", "Shares in all.", "total_shares", "share_count"),
    _metric("bookmarks", "Saves in all.", "saves", "total_bookmarks", "bookmark_count"),
    _metric("impressions", "Impressions in all, where the source measures them."),
    _metric("reach", "People reached, where the source measures them."),
)
_RATE = Column(
    "engagement_rate_reported",
    "double",
    "Engagement rate as the provider gives it (percent). Its own examples contradict its formula: "
    "never recompute or compare it.",
    (
        "engagement_rate_reported",
        "engagement_rate",
        "average_engagement_rate",
        *_nested("engagement_rate"),
    ),
    figure=True,
)
_POST_METRICS = (*_COUNTERS, _RATE)
_ACCOUNT_METRICS = (
    _metric("followers", "Followers at that moment.", "followers_count"),
    _metric("following", "Accounts followed at that moment.", "following_count"),
    *_COUNTERS,
    _metric("profile_views", "Profile views, where the source measures them."),
    _metric(
        "posts_tracked",
        "Posts the provider tracks for the account.",
        "posts_count",
        "total_videos_tracked",
    ),
    _RATE,
)

_ACCOUNT_ID = ours("account_id", "text", "The account: TokPortal's saved account id.")
_POST_ID = ours("tracked_post_id", "text", "The post: TokPortal's tracked post id.")
_SOURCE = Column(
    "source",
    "text",
    "Who measured: `bundle_social` (connected), `apify` (public), `manual`; `unknown` when the "
    "provider does not say. A change of source changes what a metric means.",
    ("source", *_nested("source")),
)
_SNAPSHOT_ID = ours("snapshot_id", "text", "Raw snapshot this came from; NULL: drilldown.")
_RAW = column(
    "raw", "json", "What the measuring source answered, verbatim.", "raw_json", "raw_payload"
)


def _header(name: str, type_: str, description: str, *aliases: str, **rules: bool) -> Column:
    """A column of an account: from the listing, else the dashboard, else the drilldown's header."""
    names = (name, *aliases)
    places = (*names, *(f"_{place}.{n}" for place in ("dashboard", "drilldown") for n in names))
    return Column(name, type_, description, places, **rules)  # type: ignore[arg-type]


ACCOUNTS = Table(
    name="accounts",
    grain="one row per account that the key's owner has or had",
    key=("account_id",),
    columns=(
        column("account_id", "text", "TokPortal's saved account id.", "id", "saved_account_id"),
        _header("platform", "text", "tiktok, instagram, youtube …"),
        _header("username", "text", "Handle on the platform.", "handle"),
        _header("display_name", "text", "Name shown on the profile.", "visible_name"),
        _header("country", "text", "Country as the provider writes it."),
        _header("workspace_id", "text", "Workspace of the account.", "workspace"),
        _header("external_ref", "text", "The customer's own reference.", erasable=True),
        _header("profile_url", "text", "Address of the profile on the platform."),
        _header("banned", "bool", "Banned, by staff or by TokPortal's own scan."),
        _header("connected", "bool", "Analytics come from a connected integration."),
        _header("analytics_source", "text", "Where its analytics come from.", "source"),
        _header("created_at", "timestamp", "When it was delivered (UTC)."),
        _header("updated_at", "timestamp", "When TokPortal changed it last (UTC).", compared=False),
        FIRST_SEEN,
        LAST_SEEN,
        removed_at("Since when two complete listings in a row lack it"),
    ),
    listed=True,
)

ACCOUNT_SNAPSHOTS = Table(
    name="account_snapshots",
    grain="one row per observation of an account's totals",
    key=("account_id", "source", "captured_at"),
    columns=(_ACCOUNT_ID, _SOURCE, _CAPTURED_AT, _SNAPSHOT_ID, *_ACCOUNT_METRICS),
)

TRACKED_POSTS = Table(
    name="tracked_posts",
    grain="one row per post, with its latest counters",
    key=("tracked_post_id",),
    columns=(
        column("tracked_post_id", "text", "TokPortal's tracked post id.", "id"),
        _ACCOUNT_ID,
        _post_field("platform", "text", "tiktok, instagram, youtube …"),
        _post_field("platform_post_id", "text", "Platform's id.", "provider_post_id", "post_id"),
        _post_field("video_id", "text", "TokPortal's video id; NULL when posted elsewhere."),
        _post_field("legacy_id", "text", "Id before Analytics v2.", "legacy_analytics_id"),
        _post_field("url", "text", "Address on the platform.", "permalink"),
        _post_field("caption", "text", "The post's text.", "description", "text"),
        _post_field(
            "thumbnail_url",
            "text",
            "Hosted copy of the thumbnail; expires, so a new one alone is no change.",
            compared=False,
        ),
        _post_field("published_at", "timestamp", "When posted (UTC).", "upload_date", "posted_at"),
        _post_field("duration_seconds", "bigint", "Length; NULL for a carousel.", "duration"),
        _post_field("content_type", "text", "video, carousel …"),
        _post_field("external_ref", "text", "The customer's own reference.", erasable=True),
        _CAPTURED_AT,
        _SOURCE,
        *_POST_METRICS,
        FIRST_SEEN,
        LAST_SEEN,
        removed_at("Since when a complete listing, or its account's, lacks it"),
    ),
    listed=True,
    goes_with="account_id",
)

POST_SNAPSHOTS = Table(
    name="post_snapshots",
    grain="one row per observation of a post's counters",
    key=("tracked_post_id", "source", "captured_at"),
    columns=(_POST_ID, _ACCOUNT_ID, _SOURCE, _CAPTURED_AT, _SNAPSHOT_ID, *_POST_METRICS),
)

SERIES_METRICS = ("views", "likes", "comments", "shares", "followers")

DAILY_SERIES = Table(
    name="daily_series",
    grain="one row per account and UTC day; cumulative at the day's end",
    key=("account_id", "date"),
    columns=(
        _ACCOUNT_ID,
        column("date", "date", "The UTC day.", "day", "captured_on"),
        column("views", "bigint", "Views in all at the end of the day."),
        column("likes", "bigint", "Likes in all."),
        column("comments", "bigint", "Comments in all."),
        column("shares", "bigint", "Shares in all."),
        column("followers", "bigint", "Followers.", "followers_count"),
        column(
            "views_gained", "bigint", "Views of that day, as mode=gained says; may be negative."
        ),
        column("likes_gained", "bigint", "Likes of that day, as mode=gained says."),
        column("comments_gained", "bigint", "Comments of that day, as mode=gained says."),
        column("shares_gained", "bigint", "Shares of that day, as mode=gained says."),
        column("followers_gained", "bigint", "Followers won that day, as mode=gained says."),
        FIRST_READ,
        *(changed_at(metric) for metric in SERIES_METRICS),
    ),
)

SERIES_POINTS = Table(
    name="series_points",
    grain="one row per account, metric, granularity, mode and day or first day of the week",
    key=("account_id", "metric", "granularity", "mode", "date"),
    columns=(
        _ACCOUNT_ID,
        ours("metric", "text", "views, likes, comments, shares or followers."),
        ours("granularity", "text", "day or week."),
        ours("mode", "text", "cumulative, gained or snapshot: never to be mixed in one sum."),
        column(
            "date", "date", "UTC day; of a week, its day as named.", "day", "captured_on", "week"
        ),
        column("value", "bigint", "The figure; what it counts is in metric and mode."),
    ),
)

ACCOUNT_RAW_SNAPSHOTS = Table(
    name="account_raw_snapshots",
    grain="one row per stored provider payload of an account",
    key=("snapshot_id",),
    columns=(
        column("snapshot_id", "text", "The provider's id of the snapshot.", "id"),
        _ACCOUNT_ID,
        _SOURCE,
        _RAW_CAPTURED_AT,
        *_ACCOUNT_METRICS,
        column(
            "raw",
            "json",
            "What the measuring source answered, verbatim.",
            "raw_json",
            "raw_payload",
        ),
    ),
    retention="raw",
)

POST_RAW_SNAPSHOTS = Table(
    name="post_raw_snapshots",
    grain="one row per stored provider payload of a post",
    key=("snapshot_id",),
    columns=(
        column("snapshot_id", "text", "The provider's id of the snapshot.", "id"),
        _POST_ID,
        _ACCOUNT_ID,
        _SOURCE,
        _RAW_CAPTURED_AT,
        *_POST_METRICS,
        column(
            "raw",
            "json",
            "What the measuring source answered, verbatim.",
            "raw_json",
            "raw_payload",
        ),
    ),
    retention="raw",
)

COMMENTS = Table(
    name="comments",
    grain="one row per comment; at most the 50 that the provider serves per post",
    key=("comment_id",),
    columns=(
        column(
            "comment_id",
            "text",
            "The provider's id; `sha256:…` where it gives none to any comment of the post.",
            "id",
        ),
        _POST_ID,
        _ACCOUNT_ID,
        column("parent_comment_id", "text", "The comment it answers.", "parent_id"),
        column("author_username", "text", "Who wrote it.", "author.username", "username"),
        column("text", "text", "What was written; third-party text.", "content"),
        column("likes", "bigint", "Likes of the comment.", "like_count"),
        column("reply_count", "bigint", "Answers to it.", "replies_count"),
        column("published_at", "timestamp", "When written (UTC).", "created_at", "posted_at"),
        ours("listing_truncated", "bool", "The post has more comments than the provider serves."),
        removed_at("Since when a listing of fewer than 50 comments, or its post's, lacks it"),
    ),
    listed=True,
    goes_with="tracked_post_id",
    retention="comments",
    quotes_people=True,
)

# How buckets of an audience are spelt.
BUCKET = ("key", "label", "name", "bucket")
VALUE = ("value", "share", "percent", "count")

DEMOGRAPHICS = Table(
    name="demographics",
    grain="one row per account, capture, dimension and bucket of its audience",
    key=("account_id", "captured_at", "dimension", "bucket"),
    columns=(
        _ACCOUNT_ID,
        ours("captured_at", "timestamp", "When the provider captured the audience (UTC)."),
        ours("dimension", "text", "age, gender, country or city."),
        column("bucket", "text", "The group, as the provider names it.", *BUCKET),
        column("value", "double", "Share or count, see `unit`.", *VALUE[1:]),
        ours("unit", "text", "percent, count or unknown."),
    ),
)

PORTFOLIO_SNAPSHOTS = Table(
    name="portfolio_snapshots",
    grain="one row per change of the dashboard's totals",
    key=("tenant", "fetched_at"),
    columns=(
        column("tier", "text", "Plan tier as the dashboard says."),
        column("access_level", "text", "What the key may see.", "access.level"),
        column("plan_tier", "text", "The plan behind it.", "access.planTier"),
        column("account_count", "bigint", "Accounts in scope.", "totals.account_count"),
        column("views", "bigint", "Views of the accounts, not of the posts.", "totals.views"),
        column("impressions", "bigint", "Impressions of the accounts.", "totals.impressions"),
        column("tracked_posts", "bigint", "Posts in scope.", "totals.tracked_posts"),
        column("post_views", "bigint", "Views summed over the posts.", "totals.post_views"),
        column("avg_fyp_pct", "double", "Average share from the feed.", "totals.avg_fyp_pct"),
        ours("audience", "json", "Audience summary: unit, and buckets with value by dimension."),
        column("facets", "json", "Facets of the dashboard."),
    ),
)

CONTRACTS = Table(
    name="contracts",
    grain="one row per version of the data contract and access level met",
    key=("tenant", "version", "access_level"),
    columns=(
        column("version", "text", "Contract version."),
        column("access_level", "text", "What the key may see.", "access.level", "accessLevel"),
        column("name", "text", "Contract name."),
        column("plan_tier", "text", "The plan behind it.", "access.planTier"),
        ours("first_seen_at", "timestamp", "Met first (UTC).", compared=False),
        ours("last_seen_at", "timestamp", "Row written last (UTC).", compared=False),
    ),
)

POST_MARKS = Table(
    name="post_marks",
    grain="one row per post: how far its raw snapshots and comments are complete",
    key=("tracked_post_id",),
    columns=(
        ours("tracked_post_id", "text", "The post."),
        ours("account_id", "text", "Its account."),
        ours("observed_at", "timestamp", "Observation up to which raw snapshots were asked."),
        ours("raw_through", "timestamp", "Newest raw snapshot that is held."),
        ours("raw_per_day", "double", "Raw snapshots per day, as met."),
        ours(
            "unseen_since",
            "timestamp",
            "Oldest observation not asked for yet.",
        ),
        ours(
            "held_until",
            "timestamp",
            "Last listing before `unseen_since`: up to then every raw snapshot is held.",
        ),
        ours("comments_through", "timestamp", "Observation up to which comments were asked."),
        ours("comment_count", "bigint", "Comment counter when they were asked."),
        ours(
            "comments_unseen_since",
            "timestamp",
            "Oldest observation since then; the comments are asked within the lag.",
        ),
    ),
    payload=False,
    kind="index",
)

POST_ALIASES = Table(
    name="post_aliases",
    grain="one row per id that a post had before Analytics v2",
    key=("old_id",),
    columns=(
        ours("old_id", "text", "The id its rows had."),
        ours("tracked_post_id", "text", "The id its rows have now."),
        ours("account_id", "text", "The account."),
    ),
    payload=False,
    kind="index",
)
# Rows of these move to the new id when an alias is met, so that a post keeps one history.
ALIASES = Aliases(POST_ALIASES, (TRACKED_POSTS, POST_SNAPSHOTS, COMMENTS, POST_MARKS))

DERIVED = (
    Derived(
        CLIENTS,
        "external_ref",
        (BUNDLES, BUNDLE_VIDEOS, ACCOUNTS, TRACKED_POSTS),
        lambda options, references: client_rows(options.clients, references),
    ),
)

ACCOUNT_INSIGHTS = Table(
    name="account_insights",
    grain="one row per account and UTC day on which its derived stats or intelligence changed",
    key=("account_id", "fetched_on"),
    columns=(
        _ACCOUNT_ID,
        ours("fetched_on", "date", "The UTC day, on the provider's clock.", compared=False),
        column("derived_stats", "json", "Lifetime stats that the provider derives from the posts."),
        column("intelligence", "json", "Cached content and account intelligence; full plan."),
    ),
)

DATA_TABLES = (
    ACCOUNTS,
    ACCOUNT_SNAPSHOTS,
    TRACKED_POSTS,
    POST_SNAPSHOTS,
    DAILY_SERIES,
    SERIES_POINTS,
    ACCOUNT_RAW_SNAPSHOTS,
    POST_RAW_SNAPSHOTS,
    COMMENTS,
    DEMOGRAPHICS,
    ACCOUNT_INSIGHTS,
    PORTFOLIO_SNAPSHOTS,
    CONTRACTS,
    *AGENCY_TABLES,
)
TABLES = (
    *DATA_TABLES,
    BUNDLE_MARKS,
    POST_MARKS,
    POST_ALIASES,
    WEBHOOK_EVENTS,
    BACKFILL_CHUNKS,
    SERIES_GAPS,
    *OUTCOMES,
)

# A stream is what is asked for in one way; it fills these tables (semantics, section 2).
STREAMS: dict[str, tuple[Table, ...]] = {
    "contracts": (CONTRACTS,),
    "portfolio_snapshots": (PORTFOLIO_SNAPSHOTS,),
    "accounts": (ACCOUNTS,),
    "drilldown": (
        ACCOUNT_SNAPSHOTS,
        TRACKED_POSTS,
        POST_SNAPSHOTS,
        DAILY_SERIES,
        DEMOGRAPHICS,
        ACCOUNT_INSIGHTS,
    ),
    "daily_series": (DAILY_SERIES,),
    "series_points": (SERIES_POINTS, DAILY_SERIES),
    "account_raw_snapshots": (ACCOUNT_RAW_SNAPSHOTS, ACCOUNT_SNAPSHOTS),
    "post_raw_snapshots": (POST_RAW_SNAPSHOTS, POST_SNAPSHOTS),
    "comments": (COMMENTS,),
    **AGENCY_STREAMS,
}

# Left out unless they are selected by name.
OPTIONAL_STREAMS: frozenset[str] = frozenset({"series_points", "video_export"})

# Made of what other streams read: no ledger has a row of them.
UNTRACED_STREAMS: frozenset[str] = frozenset({"clients"})
