"""The truth per warehouse table: every row a plan can reach through the API at this moment.

Computed from the world alone. It shares no row-building with the endpoints, so a mistake in
what they serve shows as a difference. Columns are the warehouse's, values plain JSON.
"""

from collections.abc import Callable, Iterator
from typing import Final

from sandbox import truth_agency, truth_analytics, truth_older
from sandbox.owner import Owner
from sandbox.tokportal.plans import PLANS
from sandbox.view import Row, View, utc
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY
from sandbox.world.comments import Comment
from sandbox.world.counters import engagement_rate
from sandbox.world.posts import Post
from sandbox.world.snapshots import AccountSnapshot, PostSnapshot
from sandbox.world.world import COMMENTS_CACHED


def accounts(view: View) -> Iterator[Row]:
    """One row per account of the portfolio."""
    for a in view.accounts():
        analysed, banned = view.world.has_v2(a, view.now), a.banned(view.now)
        yield {
            "account_id": a.id,
            "platform": a.platform,
            "username": a.username,
            "display_name": a.display_name,
            "country": a.country,
            "workspace_id": a.workspace_id,
            "external_ref": a.external_ref,
            "profile_url": a.profile_url,
            "banned": banned,
            "connected": analysed and a.connected(view.now),
            "analytics_source": a.source_at(a.thaw(view.now)) if analysed else None,
            "created_at": utc(a.created_at),
            "updated_at": utc(a.banned_at if banned else a.created_at),
        }


def account_snapshots(view: View) -> Iterator[Row]:
    """Every observation of an account's counters: all captures with raw access, else the newest."""
    for account, snapshot in _account_captures(view):
        yield {"account_id": account.id, **_account_observation(view, snapshot)}
    yield from truth_older.account_snapshots(view)


def account_raw_snapshots(view: View) -> Iterator[Row]:
    """Every stored account snapshot."""
    if "raw" in view.plan.closed:
        return
    for account, snapshot in _account_captures(view):
        yield {
            "snapshot_id": snapshot.id,
            "account_id": account.id,
            **_account_observation(view, snapshot),
            "raw": snapshot.raw,
        }


def tracked_posts(view: View) -> Iterator[Row]:
    """Every listed post with its newest counters."""
    for account, post in view.posts():
        snapshot = view.world.newest_post_snapshot(account, post, view.now)
        yield {
            "tracked_post_id": post.id,
            "account_id": account.id,
            "platform": account.platform,
            "platform_post_id": post.platform_post_id,
            "video_id": post.video_id,
            "legacy_id": view.world.legacy_id(account, post),
            "url": post.url(account),
            "caption": post.caption,
            "thumbnail_url": post.thumbnail_url(),
            "published_at": utc(post.published_at),
            "duration_seconds": post.duration_seconds,
            "content_type": post.content_type,
            "external_ref": post.external_ref,
            **_post_observation(view, snapshot),
        }
    yield from truth_older.tracked_posts(view)


def post_snapshots(view: View) -> Iterator[Row]:
    """Every observation of a post's counters: all captures with raw access, else the newest."""
    for account, post, snapshot in _post_captures(view):
        yield {
            "tracked_post_id": post.id,
            "account_id": account.id,
            **_post_observation(view, snapshot),
        }
    yield from truth_older.post_snapshots(view)


def post_raw_snapshots(view: View) -> Iterator[Row]:
    """Every stored post snapshot."""
    if "raw" in view.plan.closed:
        return
    for account, post, snapshot in _post_captures(view):
        yield {
            "snapshot_id": snapshot.id,
            "tracked_post_id": post.id,
            "account_id": account.id,
            **_post_observation(view, snapshot),
            "raw": snapshot.raw,
        }


def daily_series(view: View) -> Iterator[Row]:
    """Cumulative totals per account and UTC day, as known now."""
    if not view.shows("daily_series"):
        return
    for account in view.analysed():
        for point in view.world.series(account, view.now, final=view.final):
            day = utc(point.day * DAY)[:10]
            yield {"account_id": account.id, "date": day, **view.seen(point.totals)}


def comments(view: View) -> Iterator[Row]:
    """The newest 50 comments of every post in reach."""
    if "comments" in view.plan.closed:
        return
    for account, post in view.posts():
        cached = view.world.comments(account, post, view.now)
        for comment in cached:
            yield _comment(account, post, comment, full=len(cached) >= COMMENTS_CACHED)


def demographics(view: View) -> Iterator[Row]:
    """The newest audience of each account, one row per bucket."""
    for account in view.analysed() if view.shows("demographics") else ():
        audience = view.world.audience(account, view.now)
        for dimension, shares in audience.shares.items() if audience else ():
            for bucket, value in shares:
                yield {
                    "account_id": account.id,
                    "captured_at": utc(audience.captured_at if audience else 0),
                    "dimension": dimension,
                    "bucket": bucket,
                    "value": value,
                    "unit": audience.unit if audience else None,
                }


def portfolio(view: View) -> Iterator[Row]:
    """The dashboard's totals over the whole portfolio."""
    world, now = view.world, view.now
    everyone = world.accounts()
    analysed = [account for account in everyone if world.has_v2(account, now)]
    newest = [
        s.counters
        for a in analysed
        if (s := world.newest_account_snapshot(a, now, with_posts=False))
    ]
    walked = [] if world.is_huge(everyone) else analysed
    views = [
        world.newest_post_counters(account, post, now).views or 0
        for account in walked
        for post in world.posts(account, now)
    ]
    yield {
        "account_count": len(everyone),
        "views": sum(c.views or 0 for c in newest),
        "impressions": sum(c.impressions or 0 for c in newest),
        "tracked_posts": sum(world.count_posts(account, now) for account in analysed),
        "post_views": None if world.is_huge(everyone) else sum(views),
        "avg_fyp_pct": None,
        "access_level": view.plan.level,
        "plan_tier": view.plan.plan_tier,
    }


def contract(view: View) -> Iterator[Row]:
    """The contract in force."""
    yield {
        "name": "tokportal.analytics.v2",
        "version": "2026-05-04.1",
        "access_level": view.plan.level,
    }


def removed_posts(view: View) -> Iterator[Row]:
    """Posts that were listed once and are not any more."""
    for account in view.analysed():
        for post in view.world.removed_posts(account, view.now):
            deleted_at = view.world.edits.deleted_at(post)
            yield {
                "tracked_post_id": post.id,
                "account_id": account.id,
                "deleted_at": utc(deleted_at),
            }


TABLES: Final[dict[str, Callable[[View], Iterator[Row]]]] = {
    table.__name__: table
    for table in (
        accounts,
        account_snapshots,
        tracked_posts,
        post_snapshots,
        daily_series,
        account_raw_snapshots,
        post_raw_snapshots,
        comments,
        demographics,
        portfolio,
        contract,
        removed_posts,
        *truth_analytics.TABLES,
        *truth_agency.TABLES,
    )
}


def view_for(
    owner: Owner,
    now: int,
    tier: str,
    account_id: str | None,
    removed: bool,
    granularity: str,
    mode: str,
    final: bool,
) -> View:
    """The view of a plan by its name."""
    return View(owner, now, PLANS[tier], account_id, removed, granularity, mode, final)


def _account_captures(view: View) -> Iterator[tuple[Account, AccountSnapshot]]:
    for account in view.analysed():
        snapshots = view.world.account_snapshots(account, view.now)
        for snapshot in snapshots[-1:] if "raw" in view.plan.closed else snapshots:
            yield account, snapshot


def _post_captures(view: View) -> Iterator[tuple[Account, Post, PostSnapshot]]:
    for account, post in view.posts():
        snapshots = view.world.post_snapshots(account, post, view.now)
        for snapshot in snapshots[-1:] if "raw" in view.plan.closed else snapshots:
            yield account, post, snapshot


def _account_observation(view: View, snapshot: AccountSnapshot) -> Row:
    counters = snapshot.counters._asdict()
    counters["posts_tracked"] = counters.pop("posts_count")
    return {
        "source": snapshot.source,
        "captured_at": utc(snapshot.captured_at),
        **view.seen(counters),
    }


def _post_observation(view: View, snapshot: PostSnapshot) -> Row:
    return {
        "source": snapshot.source,
        "captured_at": utc(snapshot.captured_at),
        **view.seen(snapshot.counters._asdict()),
        "engagement_rate_reported": engagement_rate(snapshot.counters),
    }


def _comment(account: Account, post: Post, comment: Comment, *, full: bool) -> Row:
    return {
        "comment_id": comment.id,
        "tracked_post_id": post.id,
        "account_id": account.id,
        "parent_comment_id": comment.parent_id,
        "author_username": comment.author,
        "text": comment.text,
        "likes": comment.likes,
        "reply_count": comment.reply_count,
        "published_at": utc(comment.published_at),
        "listing_truncated": full,
    }
