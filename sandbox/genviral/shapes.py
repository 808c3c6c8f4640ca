"""How each thing looks in an answer of the first dialect; `later` says it in other words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sandbox.genviral.book import Refresh
from sandbox.genviral.created import Attempt, Created, PostingAccount
from sandbox.genviral.target import Target
from sandbox.genviral.tracked import Tracked
from sandbox.world.chance import DAY

Json = dict[str, Any]


@lru_cache(maxsize=65_536)
def iso(t: int) -> str:
    """A moment, with the milliseconds that analytics have."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def iso_or_none(t: int | None) -> str | None:
    """A moment, or null where nothing has happened."""
    return None if t is None else iso(t)


def iso_day(day: int) -> str:
    """A UTC day."""
    return iso(day * DAY)[:10]


def analytics_row(target: Target, row: Tracked) -> Json:
    """A row of GET /analytics/summary/posts."""
    post = row.post
    return {
        "id": row.analytics_id,
        "analyticsId": row.analytics_id,
        "platformPostId": post.platform_post_id if row.native_id_shown else None,
        "genviralPostId": row.genviral_post_id,
        "externalId": row.external_id,
        "publishedAt": iso(row.published_at),
        "caption": post.caption,
        "permalink": post.url(target.account),
        "thumbnailUrl": post.thumbnail_url(),
        "durationSeconds": post.duration_seconds,
        "metrics": {
            "views": row.views,
            "likes": row.likes,
            "comments": row.comments,
            "shares": row.shares,
            "saves": row.saves,
        },
        "engagementRate": row.engagement_rate,
        "platform": target.account.platform,
        "accountIdentifier": target.identifier,
        "accountDisplayName": target.display_name,
        "accountAvatarUrl": target.avatar_url,
    }


def brief_target(target: Target, *, free: bool) -> Json:
    """The documented fields of a target."""
    return {
        "id": target.id,
        "target_id": target.id,
        "platform": target.account.platform,
        "identifier": target.identifier,
        "display_name": target.display_name,
        "free_refresh_available": free,
    }


def snapshot(refreshed: int, totals: dict[str, int], posts: int | None) -> Json:
    """What the newest refresh measured of the profile."""
    return {
        "captured_at": iso(refreshed),
        "followers": totals["followers"],
        "following": None,
        "views": totals["views"],
        "likes": totals["likes"],
        "posts": posts,
    }


def refresh(one: Refresh, workspace_id: str | None, now: int) -> Json:
    """A refresh as it stands."""
    failed = one.status(now) == "failed"
    return {
        "id": one.id,
        "target_id": one.target_id,
        "workspace_id": workspace_id,
        "status": one.status(now),
        "free_refresh_used": one.free,
        "credits_used": 0 if one.free else 1,
        "started_at": iso(one.started_at),
        "completed_at": iso_or_none(one.ends_at) if one.is_over(now) else None,
        "error": "The platform did not answer." if failed else None,
    }


def posting_account(one: PostingAccount, workspace_id: str | None) -> Json:
    """A row of GET /accounts: the handle has no @ here."""
    return {
        "id": one.id,
        "platform": one.account.platform,
        "type": one.type,
        "username": one.account.username,
        "display_name": one.account.display_name,
        "status": "active",
        "workspace_id": workspace_id,
    }


def created(one: Created) -> Json:
    """A row of GET /posts."""
    stem = f"https://cdn.example.com/media/{one.id}"
    pictures = {"type": "slideshow", "urls": [f"{stem}/1.jpg", f"{stem}/2.jpg"]}
    return {
        "id": one.id,
        "external_id": one.external_id,
        "caption": one.caption,
        "status": one.status,
        "scheduled_at": iso_or_none(one.scheduled_at),
        "created_at": iso(one.created_at),
        "media": pictures if one.slideshow else {"type": "video", "url": f"{stem}.mp4"},
        "music_url": one.music_url,
        "tiktok": None,
        "pinterest": None,
        "accounts": {"total": len(one.attempts), "states": _attempts(one.attempts)},
    }


def _attempts(found: Sequence[Attempt]) -> list[Json]:
    return [
        {
            "account_id": one.account_id,
            "status": one.status,
            "published_at": iso_or_none(one.published_at),
            "error_message": one.error_message,
            "last_attempted_at": iso_or_none(one.last_attempted_at),
            "published_url": one.published_url,
        }
        for one in found
    ]
