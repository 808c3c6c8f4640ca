"""How each thing looks in an answer. Names follow the published pages, then the older ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sandbox.tokportal.plans import Plan
from sandbox.world.accounts import Account
from sandbox.world.audience import Audience
from sandbox.world.chance import DAY
from sandbox.world.comments import Comment
from sandbox.world.counters import engagement_rate
from sandbox.world.older import AccountTotals
from sandbox.world.posts import Post
from sandbox.world.snapshots import AccountSnapshot, PostSnapshot
from sandbox.world.world import Point

Json = dict[str, Any]

CONTRACT_NAME = "tokportal.analytics.v2"
CONTRACT_VERSION = "2026-05-04.1"


@lru_cache(maxsize=65_536)
def iso(t: int) -> str:
    """A moment as every endpoint writes it."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_day(day: int) -> str:
    """A UTC day."""
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")


def redact(plan: Plan, row: Mapping[str, Any]) -> Json:
    """A row without what the plan hides."""
    if not plan.hidden:
        return dict(row)
    if plan.drops_hidden:
        return {name: value for name, value in row.items() if name not in plan.hidden}
    return {name: None if name in plan.hidden else value for name, value in row.items()}


def contract_stamp(plan: Plan) -> Json:
    """The `contract` object in the body of v2 answers."""
    return {"name": CONTRACT_NAME, "version": CONTRACT_VERSION, "accessLevel": plan.level}


def listed_account(account: Account, now: int) -> Json:
    """A row of GET /accounts (developers.tokportal.com/saved-accounts)."""
    banned = account.banned(now)
    return {
        "id": account.id,
        "platform": account.platform,
        "username": account.username,
        "visible_name": account.display_name,
        "biography": account.biography,
        "profile_picture_url": None,
        "country": account.country,
        "link_in_bio": None,
        "profile_url": account.profile_url,
        "tokmail_email": f"{account.username}@tokmail.example",
        "banned": banned,
        "created_at": iso(account.created_at),
        "updated_at": iso(
            account.banned_at if banned and account.banned_at else account.created_at
        ),
    }


def account_header(account: Account, now: int, tracked_posts: int, *, analysed: bool) -> Json:
    """An account in analytics answers. The portfolio's own reference is absent where unset."""
    header: Json = {
        "id": account.id,
        "platform": account.platform,
        "username": account.username,
        "display_name": account.display_name,
        "country": account.country,
        "workspace_id": account.workspace_id,
        "connected": analysed and account.connected(now),
        "source": account.source_at(account.thaw(now)) if analysed else None,
        "tracked_posts": tracked_posts,
    }
    return (
        header if account.external_ref is None else {**header, "external_ref": account.external_ref}
    )


def dashboard_latest(snapshot: AccountSnapshot) -> Json:
    """The short `latest` of a dashboard account."""
    names = ("followers", "views", "likes", "comments", "shares")
    counters = snapshot.counters._asdict()
    return {"captured_at": iso(snapshot.captured_at), **{name: counters[name] for name in names}}


def account_latest(snapshot: AccountSnapshot) -> Json:
    """The drilldown's `latest`: the newest account snapshot, normalised."""
    return {
        "captured_at": iso(snapshot.captured_at),
        "source": snapshot.source,
        **snapshot.counters._asdict(),
    }


def post_metadata(account: Account, post: Post) -> Json:
    """A tracked post without its counters."""
    row: Json = {
        "tracked_post_id": post.id,
        "platform_post_id": post.platform_post_id,
        "video_id": post.video_id,
        "url": post.url(account),
        "description": post.caption,
        "thumbnail_url": post.thumbnail_url(),
        "published_at": iso(post.published_at),
        "duration_seconds": post.duration_seconds,
        "platform": account.platform,
        "content_type": post.content_type,
    }
    return row if post.external_ref is None else {**row, "external_ref": post.external_ref}


def post_metrics(snapshot: PostSnapshot) -> Json:
    """Counters of one capture of a post."""
    return {
        "captured_at": iso(snapshot.captured_at),
        "source": snapshot.source,
        **snapshot.counters._asdict(),
        "engagement_rate": engagement_rate(snapshot.counters),
    }


def post_row(account: Account, post: Post, snapshot: PostSnapshot) -> Json:
    """A tracked post with its newest counters beside it."""
    return {**post_metadata(account, post), **post_metrics(snapshot)}


def video_row(plan: Plan, account: Account, snapshot: PostSnapshot, legacy_id: str | None) -> Json:
    """A tracked post in the older list shape, the v2 row inside.

    A post that had a row in the first generation keeps that row's `id`.
    """
    row = post_row(account, snapshot.post, snapshot)
    newer = {
        "id": legacy_id or snapshot.post.id,
        "tracked_post_id": snapshot.post.id,
        "analytics_version": "v2",
    }
    older = {**newer, **_older_fields(row)}
    return {**redact(plan, older), "analytics_v2": redact(plan, row)}


def v1_video(plan: Plan, account: Account, snapshot: PostSnapshot, legacy_id: str | None) -> Json:
    """A row of the first generation: no tracked_post_id, no version, no source."""
    row = post_row(account, snapshot.post, snapshot)
    return redact(plan, {"id": legacy_id, **_older_fields(row)})


def v1_account(account: Account, totals: AccountTotals) -> Json:
    """An account's totals in the first generation: sums over its tracked videos."""
    return {
        "account_id": account.id,
        "followers_count": totals.followers,
        "following_count": totals.following,
        "total_videos_tracked": totals.videos,
        "total_views": totals.views,
        "total_likes": totals.likes,
        "total_comments": totals.comments,
        "total_shares": totals.shares,
        "total_bookmarks": totals.bookmarks,
        # The published example is likes over views, whatever its text says.
        "average_engagement_rate": totals.engagement_rate,
        "average_video_views": totals.average_views,
        "weekly_post_average": totals.weekly_posts,
        "scraped_at": iso(totals.captured_at),
    }


def _older_fields(row: Json) -> Json:
    """What both generations of the list have."""
    return {
        "video_id": row["video_id"],
        "url": row["url"],
        "description": row["description"],
        "thumbnail_url": row["thumbnail_url"],
        "upload_date": row["published_at"],
        "duration_seconds": row["duration_seconds"],
        "views": row["views"],
        "likes": row["likes"],
        "comments": row["comments"],
        "shares": row["shares"],
        "bookmarks": row["bookmarks"],
        "engagement_rate": row["engagement_rate"],
        "platform": row["platform"],
        "content_type": row["content_type"],
        "scraped_at": row["captured_at"],
    }


def account_raw_row(account: Account, snapshot: AccountSnapshot) -> Json:
    """A row of account_analytics_snapshots."""
    return {
        "id": snapshot.id,
        "account_id": account.id,
        **account_latest(snapshot),
        "raw": snapshot.raw,
    }


def post_raw_row(account: Account, post: Post, snapshot: PostSnapshot) -> Json:
    """A row of post_analytics_snapshots."""
    return {
        "id": snapshot.id,
        "tracked_post_id": post.id,
        "account_id": account.id,
        **post_metrics(snapshot),
        "raw": snapshot.raw,
        "post": post_metadata(account, post),
    }


def series_day(point: Point) -> Json:
    """A point of the drilldown's daily series, cumulative."""
    return {"date": iso_day(point.day), **point.totals}


def demographics(audience: Audience) -> Json:
    """Audience shares by dimension."""
    dimensions = {
        name: [{"key": key, "value": value} for key, value in shares]
        for name, shares in audience.shares.items()
    }
    return {**dimensions, "unit": audience.unit, "captured_at": iso(audience.captured_at)}


def comment_row(post: Post, comment: Comment) -> Json:
    """A cached comment."""
    return {
        "id": comment.id,
        "tracked_post_id": post.id,
        "parent_comment_id": comment.parent_id,
        "text": comment.text,
        "author_username": comment.author,
        "likes": comment.likes,
        "reply_count": comment.reply_count,
        "published_at": iso(comment.published_at),
    }
