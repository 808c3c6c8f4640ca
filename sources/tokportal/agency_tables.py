"""Tables of the agency's side: what was ordered, banned, paid, told by webhook, and for whom.

Shapes are those of developers.tokportal.com: bundles, videos, saved-accounts (bans), credits,
webhooks and use-cases/industry/agencies. The export's columns and the comment pulse belong to
developers.tokportal.com/analytics. `payload` keeps the original wherever a name is an assumption.
"""

from __future__ import annotations

from ..landing.tables import Column, Table, column, ours, removed_at

_EXTERNAL_REF = column(
    "external_ref", "text", "The customer's own reference; not unique, and may change."
)
_CREATED_AT = column("created_at", "timestamp", "When it was created (UTC).")
_UPDATED_AT = column("updated_at", "timestamp", "When TokPortal changed it last (UTC).")

BUNDLES = Table(
    name="bundles",
    grain="one row per bundle: an order of one account, of videos, or of both",
    key=("bundle_id",),
    columns=(
        column("bundle_id", "text", "TokPortal's bundle id: a UUID, or `bnd_…` in old ones.", "id"),
        column("title", "text", "Title as the customer gave it."),
        column("bundle_type", "text", "account_only, account_and_videos or videos_only.", "type"),
        column("status", "text", "draft, pending_setup, published, accepted, completed …"),
        column("account_status", "text", "How far its account is: configured, finalized …"),
        column("platform", "text", "tiktok, instagram, youtube …"),
        column("country", "text", "Country as the provider writes it."),
        _EXTERNAL_REF,
        column("videos_quantity", "bigint", "Videos that were ordered.", "videos_count"),
        # A plain `account_id` would be the listing account's, which no analytics know.
        Column(
            "account_id",
            "text",
            "The delivered account: saved account id. NULL before its review; new after a remake.",
            ("saved_account_id",),
        ),
        column("auto_finalize_videos", "bool", "Videos are finalized without a review."),
        _CREATED_AT,
        _UPDATED_AT,
        removed_at(),
    ),
    listed=True,
)

BUNDLE_VIDEOS = Table(
    name="bundle_videos",
    grain="one row per video ordered with a bundle",
    key=("bundle_id", "position"),
    columns=(
        ours("bundle_id", "text", "The bundle."),
        column("position", "bigint", "Place in the bundle, from 1."),
        column("video_id", "text", "TokPortal's video id, as in `tracked_posts.video_id`.", "id"),
        ours("account_id", "text", "The bundle's account; NULL before its review."),
        column("video_type", "text", "video, carousel or story.", "type"),
        column("status", "text", "pending, configured, published, in_review, finalized …"),
        column("description", "text", "Caption that was ordered.", "caption"),
        column("target_publish_date", "date", "Day on which it was to be published."),
        column(
            "video_url",
            "text",
            "Address of the file to publish; may be signed, so a new one alone is no change.",
            compared=False,
        ),
        _EXTERNAL_REF,
        column("platform_url", "text", "Address of the live post.", "tiktok_url"),
        column("finalized_at", "timestamp", "When it was accepted for good (UTC)."),
        removed_at("Since when the bundle, or its list of videos, lacks it"),
    ),
    listed=True,
    goes_with="bundle_id",
)

BUNDLE_MARKS = Table(
    name="bundle_marks",
    grain="one row per bundle: how it looked when its videos were read last",
    key=("bundle_id",),
    columns=(
        ours("bundle_id", "text", "The bundle."),
        ours("bundle_digest", "text", "Digest of the bundle's row at that time."),
        ours("videos_digest", "text", "Digest of its videos' rows."),
        ours("videos_open", "bigint", "Videos ordered and not finalized yet."),
        ours("read_at", "timestamp", "When its videos were read last (UTC)."),
        ours("changed_at", "timestamp", "When they were last found changed (UTC)."),
    ),
    payload=False,
    kind="index",
)

ACCOUNT_BANS = Table(
    name="account_bans",
    grain="one row per ban that staff confirmed; what only a scan found is in accounts.banned",
    key=("ban_id",),
    columns=(
        column("ban_id", "text", "The report's id.", "id"),
        column("account_id", "text", "Banned account; may be one that a remake has replaced."),
        column("username", "text", "Its handle."),
        column("platform", "text", "tiktok, instagram, youtube …"),
        column("bundle_id", "text", "The bundle that delivered it."),
        column("order_id", "text", "The order behind the bundle."),
        column("status", "text", "appeal_pending, appeal_accepted, appeal_refused …"),
        column("reported_at", "timestamp", "When it was reported (UTC)."),
        column("decided_at", "timestamp", "When the appeal was decided (UTC)."),
        column("updated_at", "timestamp", "Its last step (UTC); the cursor of the stream."),
        column("resolution", "text", "refund, remake or no_remake; NULL while open."),
        column("reason_code", "text", "Why it was resolved so."),
        column("refund_credits", "double", "Credits given back."),
        column("resolved_at", "timestamp", "When it was resolved (UTC)."),
        removed_at("Since when a complete listing of all bans lacks it"),
    ),
    listed=True,
)

CREDIT_TRANSACTIONS = Table(
    name="credit_transactions",
    grain="one row per booking of the organisation's credits",
    key=("transaction_id",),
    columns=(
        column("transaction_id", "text", "The booking's id.", "id"),
        column("type", "text", "debit, credit, refund …"),
        column("amount", "double", "Credits, signed: negative was spent."),
        column("description", "text", "What for, in the provider's words."),
        column("breakdown", "json", "Credits by what they were spent on."),
        column("balance_after", "double", "Credits left after it."),
        column("created_at", "timestamp", "When it was booked (UTC)."),
    ),
)

WEBHOOK_ENDPOINTS = Table(
    name="webhook_endpoints",
    grain="one row per registered webhook URL that was ever listed",
    key=("webhook_id",),
    columns=(
        column("webhook_id", "text", "The endpoint's id.", "id"),
        column("url", "text", "Where events are sent."),
        column("events", "json", "Event types it wants; an empty list is all."),
        column("description", "text", "What the customer calls it."),
        column("enabled", "bool", "Events are sent."),
        _CREATED_AT,
        _UPDATED_AT,
        removed_at(),
    ),
    listed=True,
)

WEBHOOK_DELIVERIES = Table(
    name="webhook_deliveries",
    grain="one row per event sent to a webhook endpoint",
    key=("delivery_id",),
    columns=(
        column("delivery_id", "text", "The delivery's id.", "id"),
        ours("webhook_id", "text", "The endpoint, as in `webhook_endpoints`."),
        column("event_id", "text", "The event: `evt_…`, the same for every endpoint."),
        column("event_type", "text", "account.banned, bundle.published …", "type"),
        column("success", "bool", "The endpoint accepted it."),
        column("status_code", "bigint", "HTTP status of the endpoint's answer.", "response_status"),
        column("attempts", "bigint", "How often it was sent.", "attempt_count"),
        column("error", "text", "What went wrong."),
        column("created_at", "timestamp", "When the event happened (UTC)."),
        column("delivered_at", "timestamp", "When it was accepted (UTC)."),
    ),
)

COMMENT_PULSE_SNAPSHOTS = Table(
    name="comment_pulse_snapshots",
    grain="one row per change of the comment pulse over the top posts",
    key=("tenant", "fetched_at"),
    columns=(
        column("comments", "json", "Sampled comments: a taste, never all. Third-party text."),
        column("analysis", "json", "The provider's cached semantic analysis of them."),
        column("sampled_posts", "json", "The posts they were sampled from.", "posts"),
    ),
    quotes_people=True,
)

VIDEO_EXPORT = Table(
    name="video_export",
    grain="one row per post of the CSV export, with its latest counters",
    key=("post_key",),
    columns=(
        ours(
            "post_key",
            "text",
            "`tracked_post_id` where the export has one, else the post's address, else "
            "platform/platform_post_id: which columns there are depends on the plan.",
        ),
        column("account_id", "text", "The account: TokPortal's saved account id."),
        column("account", "text", "Its handle.", "username", "handle"),
        column("platform", "text", "tiktok, instagram, youtube …"),
        column("country", "text", "Country as the provider writes it."),
        column("tracked_post_id", "text", "TokPortal's tracked post id.", "post_id"),
        column("platform_post_id", "text", "The platform's id.", "provider_post_id"),
        column("video_id", "text", "TokPortal's video id; NULL when posted elsewhere."),
        column("url", "text", "Address on the platform.", "permalink", "post_url"),
        column("caption", "text", "The post's text.", "description", "text"),
        column("published_at", "timestamp", "When posted (UTC).", "upload_date", "posted_at"),
        column("duration_seconds", "bigint", "Length; NULL for a carousel.", "duration"),
        column("content_type", "text", "video, carousel …"),
        column("source", "text", "Who measured."),
        column("views", "bigint", "Views in all.", "total_views", "view_count", figure=True),
        column("likes", "bigint", "Likes in all.", "total_likes", "like_count", figure=True),
        column(
            "comments", "bigint", "Comments in all.", "total_comments", "comment_count", figure=True
        ),
        column("shares", "bigint", "Shares in all.", "total_shares", "share_count", figure=True),
        column("bookmarks", "bigint", "Saves in all.", "saves", "total_bookmarks", figure=True),
        column(
            "impressions",
            "bigint",
            "Impressions in all, where the source measures them.",
            figure=True,
        ),
        column("reach", "bigint", "People reached, where the source measures them.", figure=True),
        column(
            "engagement_rate_reported",
            "double",
            "Engagement rate as the provider gives it (percent); never recomputed.",
            "engagement_rate",
            figure=True,
        ),
        column("captured_at", "timestamp", "When the provider measured it (UTC).", "scraped_at"),
    ),
)

CLIENTS = Table(
    name="clients",
    grain="one row per external_ref that bundles, their videos, accounts or posts have",
    key=("external_ref",),
    columns=(
        ours("external_ref", "text", "The customer's own reference."),
        ours("client", "text", "Whose it is by .dlt/clients.toml; NULL: no pattern matches."),
        ours("campaign", "text", "Its campaign; NULL where the rule names none."),
        ours("pattern", "text", "The rule's pattern that matched first."),
    ),
    payload=False,
    kind="index",
)

AGENCY_TABLES = (
    BUNDLES,
    BUNDLE_VIDEOS,
    ACCOUNT_BANS,
    CREDIT_TRANSACTIONS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_DELIVERIES,
    COMMENT_PULSE_SNAPSHOTS,
    VIDEO_EXPORT,
    CLIENTS,
)
AGENCY_STREAMS = {table.name: (table,) for table in AGENCY_TABLES}
