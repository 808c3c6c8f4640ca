"""Tokfluence's tables: what a row is, what each column means, and where it is read.

Posts and comments are as developers.tokfluence.com/docs/posts has them. Of campaigns and creators
the pages name few fields; the other aliases are assumptions (README.md), and `payload` keeps the
original.
"""

from __future__ import annotations

from ..landing.outcomes import TABLES as OUTCOMES
from ..landing.tables import Column, Table, column, ours, removed_at

_POST_ID = column("post_id", "text", "TikTok's number of the post.", "postId", "id")
_HANDLE = ours(
    "creator_handle",
    "text",
    "Handle in lower case, from the post's address or its campaign; `unknown` where neither says.",
)
_CAMPAIGN_ID = ours("campaign_id", "text", "The campaign.")
_CREATOR_ID = column(
    "creator_id",
    "text",
    "Tokfluence's id: tkc_…; the handle in lower case where a row names the creator by that alone.",
    *("creatorId", "id"),
)
_CREATOR_HANDLE = ("handle", "creator_handle", "creatorHandle")
_COUNTERS = (
    column("views", "bigint", "Views in all.", "view_count", "viewCount", figure=True),
    column("likes", "bigint", "Likes in all.", "like_count", "likeCount", figure=True),
    column("comments", "bigint", "Comments in all.", "comment_count", "commentCount", figure=True),
    column("shares", "bigint", "Shares in all.", "share_count", "shareCount", figure=True),
    column("saves", "bigint", "Saves in all.", "save_count", "saveCount", "bookmarks", figure=True),
)


def _seen(name: str, description: str) -> Column:
    return ours(name, "timestamp", description, compared=False)


_FIRST_SEEN = _seen("first_seen_at", "Read first (UTC).")
_LAST_SEEN = _seen("last_seen_at", "The reading that last changed this row (UTC).")

POSTS = Table(
    name="posts",
    grain="one row per TikTok video that is followed, with its latest counters",
    key=("post_id",),
    columns=(
        _POST_ID,
        ours("platform", "text", "Always tiktok."),
        ours("platform_post_id", "text", "TikTok's number, as in the other providers' tables."),
        column("url", "text", "Address on TikTok.", "post_url", "postUrl"),
        _HANDLE,
        column("caption", "text", "The post's text.", "description"),
        column("published_at", "timestamp", "When posted (UTC).", "publishedAt"),
        Column(
            "thumbnail_url",
            "text",
            "Cover; its address expires, so a new one alone is no change.",
            ("cover_url", "coverUrl", "thumbnail_url"),
            compared=False,
        ),
        column("duration_seconds", "bigint", "Length in seconds.", "duration"),
        *_COUNTERS,
        column("hashtags", "json", "Hashtags without #."),
        column("mentions", "json", "Handles mentioned, without @."),
        column("music_title", "text", "Title of the sound.", "music.title"),
        column("music_author", "text", "Whose sound it is.", "music.author"),
        column("music_original", "bool", "The creator's own sound.", "music.original"),
        column("is_sponsored", "bool", "Marked as paid.", "isSponsored"),
        _FIRST_SEEN,
        _LAST_SEEN,
    ),
    account="creator_handle",
)

POST_SNAPSHOTS = Table(
    name="post_snapshots",
    grain="one row per post and UTC day on which it was read; how old the figures were is not said",
    key=("post_id", "fetched_on"),
    columns=(
        _POST_ID,
        ours("fetched_on", "date", "The UTC day, on the provider's clock."),
        _HANDLE,
        *_COUNTERS,
    ),
    account="creator_handle",
)

COMMENTS = Table(
    name="comments",
    grain="one row per comment, answers included",
    key=("comment_id",),
    columns=(
        column(
            "comment_id",
            "text",
            "The provider's id, which may be a position.",
            "commentId",
            "id",
        ),
        ours("post_id", "text", "The post."),
        _HANDLE,
        column("parent_comment_id", "text", "The comment it answers.", "parentCommentId"),
        column("author_username", "text", "Who wrote it.", "authorUsername"),
        column(
            "author_picture_url",
            "text",
            "Picture; its address expires.",
            *("author_picture", "authorPicture"),
            compared=False,
        ),
        column("text", "text", "What was written; third-party text."),
        column("likes", "bigint", "Likes of the comment.", "like_count", "likeCount"),
        column("reply_count", "bigint", "Answers to it.", "replyCount"),
        column("published_at", "timestamp", "When written (UTC).", "publishedAt", "created_at"),
        ours("content_hash", "text", "SHA-256 of post, author, time and text."),
        removed_at("Since when a complete reading of the post's comments lacks it"),
    ),
    account="creator_handle",
    listed=True,
    retention="comments",
    quotes_people=True,
)

CAMPAIGNS = Table(
    name="campaigns",
    grain="one row per configured campaign",
    key=("campaign_id",),
    columns=(
        column("campaign_id", "text", "Number of the campaign, as in the app.", "id", "campaignId"),
        column("name", "text", "Its name; may change."),
        column("currency", "text", "ISO 4217; of every `*_cents` of the campaign."),
        column(
            "tracked_influencers_count",
            "bigint",
            "Creators in it.",
            "trackedInfluencersCount",
        ),
        column("tracked_posts_count", "bigint", "Posts in it.", "trackedPostsCount"),
        column("archived", "bool", "Put away."),
        column("created_at", "timestamp", "When made (UTC).", "createdAt"),
        column("updated_at", "timestamp", "When changed last (UTC).", "updatedAt"),
    ),
    account="campaign_id",
)

CAMPAIGN_POSTS = Table(
    name="campaign_posts",
    grain="one row per campaign and post in it",
    key=("campaign_id", "post_id"),
    columns=(
        _CAMPAIGN_ID,
        _POST_ID,
        _HANDLE,
        ours("platform_post_id", "text", "TikTok's number, as in the other providers' tables."),
        column("fee_cents", "bigint", "Fee in cents of the campaign's currency.", "feeCents"),
        _FIRST_SEEN,
        removed_at(),
    ),
    account="campaign_id",
    listed=True,
)

CAMPAIGN_CREATORS = Table(
    name="campaign_creators",
    grain="one row per campaign and creator in it",
    key=("campaign_id", "creator_id"),
    columns=(
        _CAMPAIGN_ID,
        _CREATOR_ID,
        column("username", "text", "Handle.", *_CREATOR_HANDLE),
        column(
            "tracked_posts_count",
            "bigint",
            "Posts of theirs in it.",
            *("trackedPostsCount", "posts_count", "postsCount"),
        ),
        column("fee_cents", "bigint", "Fee in cents of the campaign's currency.", "feeCents"),
        removed_at(),
    ),
    account="campaign_id",
    listed=True,
)

CAMPAIGN_METRICS = Table(
    name="campaign_metrics",
    grain="one row per campaign and reading that found other figures than the one before",
    key=("campaign_id", "captured_at"),
    columns=(
        _CAMPAIGN_ID,
        ours("captured_at", "timestamp", "When read, on the provider's clock (UTC)."),
        column("posts_count", "bigint", "Posts counted.", "postsCount"),
        column("influencers_count", "bigint", "Creators counted.", "influencersCount"),
        *_COUNTERS,
        column("spend", "double", "Spent, in the campaign's currency.", "total_spend"),
        column("spend_cents", "bigint", "The same where it is said in cents.", "spendCents"),
        column("gmv", "double", "Merchandise value, in the campaign's currency.", "total_gmv"),
        column("gmv_cents", "bigint", "The same where it is said in cents.", "gmvCents"),
        column("roi", "double", "Return on the spend, as the provider reckons it."),
    ),
    account="campaign_id",
)

CREATORS = Table(
    name="creators",
    grain="one row per creator of a campaign, or configured",
    key=("creator_id",),
    columns=(
        _CREATOR_ID,
        column("username", "text", "Handle.", *_CREATOR_HANDLE),
        column("display_name", "text", "Name shown.", "displayName", "nickname"),
        column("follower_count", "bigint", "Followers.", "followerCount", "followers"),
        column("following_count", "bigint", "Accounts followed.", "followingCount"),
        column("video_count", "bigint", "Videos.", "videoCount"),
        column("total_likes", "bigint", "Likes in all.", "totalLikes", "heart_count"),
        column(
            "engagement_rate_reported",
            "double",
            "As the provider gives it: a fraction (0.078), not the percent of TokPortal and"
            " Genviral.",
            *("engagement_rate", "engagementRate"),
        ),
        column("region", "text", "Country as the provider writes it.", "country"),
        _FIRST_SEEN,
    ),
    account="creator_id",
)

MISSING_POSTS = Table(
    name="missing_posts",
    grain="one row per post that was asked for and was not in Tokfluence's index",
    key=("post_id",),
    columns=(
        ours("post_id", "text", "The post."),
        _HANDLE,
        ours("first_missing_at", "timestamp", "Since when it is missing (UTC)."),
        ours("last_checked_at", "timestamp", "Asked last (UTC)."),
        ours("retry_after", "timestamp", "Not asked before (UTC); NULL: found, or ordered anew."),
        ours("checks", "bigint", "How often it was asked in vain; each cost a credit."),
        ours("found_at", "timestamp", "Found after all (UTC); NULL while missing."),
    ),
    payload=False,
    kind="index",
    account="creator_handle",
)

POST_MARKS = Table(
    name="post_marks",
    grain="one row per post: when it was read, and how far its comments are",
    key=("post_id",),
    columns=(
        ours("post_id", "text", "The post."),
        _HANDLE,
        ours("published_at", "timestamp", "When posted (UTC): decides how often it is read."),
        ours("read_at", "timestamp", "Its figures were read (UTC); NULL: ordered, due at once."),
        ours("comment_count", "bigint", "Comment counter as read last."),
        ours("comments_read_at", "timestamp", "All its comments were read (UTC)."),
        ours("comments_read_count", "bigint", "The counter then."),
        ours("comments_cursor", "bigint", "Where a reading of them broke off; NULL: nowhere."),
    ),
    payload=False,
    kind="index",
    account="creator_handle",
)

CREDIT_LEDGER = Table(
    name="credit_ledger",
    grain="one row per run or order, and operation that costs credits",
    key=("run_id", "operation"),
    columns=(
        ours(
            "run_id",
            "text",
            "The run, as in `sync_runs`; of `social refresh`, the X-Request-Id of an order.",
        ),
        ours("operation", "text", "As in the provider's price list: posts.show …"),
        ours("calls", "bigint", "Requests sent, repeated tries included."),
        ours(
            "credits",
            "bigint",
            "What they cost by the price list, refunds taken off; NULL: an order whose answer was"
            " lost, and may have cost credits.",
        ),
        ours("balance_before", "bigint", "Balance before the run's first request."),
        ours("balance_after", "bigint", "Balance as said last."),
    ),
    payload=False,
    kind="ledger",
)

DATA_TABLES = (
    POSTS,
    POST_SNAPSHOTS,
    COMMENTS,
    CAMPAIGNS,
    CAMPAIGN_POSTS,
    CAMPAIGN_CREATORS,
    CAMPAIGN_METRICS,
    CREATORS,
)
TABLES = (*DATA_TABLES, MISSING_POSTS, POST_MARKS, CREDIT_LEDGER, *OUTCOMES)

# A stream is what is asked for in one way; it fills these tables (README.md).
STREAMS: dict[str, tuple[Table, ...]] = {
    "campaigns": (CAMPAIGNS, CAMPAIGN_METRICS, CAMPAIGN_POSTS, CAMPAIGN_CREATORS, CREATORS),
    "creators": (CREATORS,),
    "posts": (POSTS, POST_SNAPSHOTS, MISSING_POSTS),
    "comments": (COMMENTS,),
}

OPTIONAL_STREAMS: frozenset[str] = frozenset()
