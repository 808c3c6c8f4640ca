"""The truth of Genviral's tables: what a full read at this moment would write.

`?account_id=` is a target's id or that of the world's account behind it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from sandbox.genviral.call import user_of, workspace_of
from sandbox.genviral.created import posting_accounts
from sandbox.genviral.plan import plan_at
from sandbox.genviral.target import Target
from sandbox.genviral.tracked import Tracked
from sandbox.view import Row, View, utc, utc_or_none


def targets(view: View) -> Iterator[Row]:
    """Every target."""
    tracker = view.owner.genviral
    for one in _targets(view):
        yield {
            "target_id": one.id,
            "platform": one.account.platform,
            "identifier": one.identifier,
            "normalized_identifier": one.identifier.lstrip("@").lower(),
            "display_name": one.display_name,
            "workspace_id": workspace_of(view.owner),
            "user_id": user_of(view.owner),
            "favorite": one.favorite,
            "free_refresh_available": tracker.book.is_free(one.id, view.now),
            "last_refreshed_at": utc_or_none(tracker.last_refresh(one, view.now)),
        }


def target_snapshots(view: View) -> Iterator[Row]:
    """The newest observation of each profile; none before the first refresh."""
    tracker = view.owner.genviral
    for one in _targets(view):
        totals = tracker.totals(one, view.now)
        if totals is not None:
            yield {
                "target_id": one.id,
                "captured_at": utc(tracker.last_refresh(one, view.now)),
                "followers": totals["followers"],
                "following": None,
                "views": totals["views"],
                "likes": totals["likes"],
                "posts_tracked": tracker.count(one, view.now),
            }


def posts(view: View) -> Iterator[Row]:
    """Every analytics row with its newest counters."""
    for target, row in _rows(view):
        yield {
            "analytics_id": row.analytics_id,
            "target_id": target.id,
            "platform": target.account.platform,
            "platform_post_id": _native_id(target, row),
            "genviral_post_id": row.genviral_post_id,
            "external_id": row.external_id,
            "account_identifier": target.identifier,
            "account_display_name": target.display_name,
            "account_avatar_url": target.avatar_url,
            "url": row.post.url(target.account),
            "caption": row.post.caption,
            "thumbnail_url": row.post.thumbnail_url(),
            "duration_seconds": row.post.duration_seconds,
            "published_at": utc(row.published_at),
            **_counters(row),
        }


def post_snapshots(view: View) -> Iterator[Row]:
    """One observation per row, of the UTC day it is read on: rows do not say of when they are."""
    for target, row in _rows(view):
        yield {
            "analytics_id": row.analytics_id,
            "target_id": target.id,
            "fetched_on": utc(view.now)[:10],
            **_counters(row),
        }


def daily_series(view: View) -> Iterator[Row]:
    """What each target gained per UTC day, over all time."""
    tells_views = view.owner.settings.dialect == "first"
    for target in _targets(view):
        tracker = view.owner.genviral
        days = tracker.final_days if view.final else tracker.days
        for one in days(target, view.now):
            acts = one.likes + one.comments + one.shares + one.saves
            yield {
                "target_id": target.id,
                "date": utc(one.day * 86_400)[:10],
                "views_gained": one.views if tells_views else None,
                "likes_gained": one.likes,
                "comments_gained": one.comments,
                "shares_gained": one.shares,
                "saves_gained": one.saves,
                "engagement_rate_reported": _percent(acts, one.views),
                "posts_published": one.posts,
            }


def accounts(view: View) -> Iterator[Row]:
    """The accounts one can post with now."""
    for one in posting_accounts(view.world):
        if one.active(view.now):
            yield {
                "account_id": one.id,
                "platform": one.account.platform,
                "type": one.type,
                "username": one.account.username,
                "display_name": one.account.display_name,
                "status": "active",
                "workspace_id": workspace_of(view.owner),
            }


def published_posts(view: View) -> Iterator[Row]:
    """Every post that was made through Genviral, published or not."""
    for one in view.owner.genviral.created_posts(view.now):
        yield {
            "post_id": one.id,
            "caption": one.caption,
            "status": one.status,
            "scheduled_at": utc_or_none(one.scheduled_at),
            "created_at": utc(one.created_at),
            "music_url": one.music_url,
            "external_id": one.external_id,
            "accounts_total": len(one.attempts),
        }


def published_post_accounts(view: View) -> Iterator[Row]:
    """What became of each of them on each account."""
    for one in view.owner.genviral.created_posts(view.now):
        for attempt in one.attempts:
            yield {
                "post_id": one.id,
                "account_id": attempt.account_id,
                "status": attempt.status,
                "published_at": utc_or_none(attempt.published_at),
                "error_message": attempt.error_message,
                "last_attempted_at": utc_or_none(attempt.last_attempted_at),
                "published_url": attempt.published_url,
            }


def subscription_snapshots(view: View) -> Iterator[Row]:
    """The plan as it stands."""
    plan = plan_at(view.owner.genviral.book, view.now)
    workspace_id = workspace_of(view.owner)
    yield {
        "scope": "workspace" if workspace_id else "personal",
        "workspace_id": workspace_id,
        "status": plan.status,
        "tier": plan.tier,
        "billing_interval": plan.billing_interval,
        "renews_at": utc(plan.renews_at),
        "credits_limit": plan.limit,
        "credits_used": plan.used,
        "credits_remaining": plan.remaining,
        "credits_reset_at": utc(plan.renews_at),
    }


TABLES: Final[dict[str, Callable[[View], Iterator[Row]]]] = {
    table.__name__: table
    for table in (
        *(targets, target_snapshots, posts, post_snapshots, daily_series),
        *(accounts, published_posts, published_post_accounts, subscription_snapshots),
    )
}


def _targets(view: View) -> list[Target]:
    everyone = view.owner.genviral.targets(view.now)
    return [one for one in everyone if view.account_id in (None, one.id, one.account.id)]


def _rows(view: View) -> Iterator[tuple[Target, Tracked]]:
    for target in _targets(view):
        for row in view.owner.genviral.rows(target, view.now):
            yield target, row


def _native_id(target: Target, row: Tracked) -> str | None:
    """The platform's id: served, or in the post's address, where Instagram has a shortcode."""
    readable = row.native_id_shown or target.account.platform != "instagram"
    return row.post.platform_post_id if readable else None


def _counters(row: Tracked) -> Row:
    acts = sum(one or 0 for one in (row.likes, row.comments, row.shares, row.saves))
    return {
        "views": row.views,
        "likes": row.likes,
        "comments": row.comments,
        "shares": row.shares,
        "saves": row.saves,
        "engagement_rate_reported": None if row.views is None else _percent(acts, row.views),
    }


def _percent(acts: int, views: int) -> float:
    return round(acts * 100 / views, 2) if views else 0.0
