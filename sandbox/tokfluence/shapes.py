"""The objects Tokfluence serves, field by field (developers.tokfluence.com/docs/posts)."""

from datetime import UTC, datetime
from typing import Any

from sandbox.tokfluence.campaigns import Campaign
from sandbox.tokfluence.comments import Remark
from sandbox.tokfluence.creators import Creator
from sandbox.tokfluence.index import Entry
from sandbox.world.chance import DAY

Json = dict[str, Any]


def iso(t: int) -> str:
    """A moment with Z, without fractions."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def post(entry: Entry) -> Json:
    """One video. Neither its creator nor the age of its counters is told."""
    video, counters = entry.video, entry.counters()
    music = video.music()
    return {
        "post_id": video.id,
        "url": video.url,
        "caption": video.post.caption,
        "published_at": iso(video.post.published_at),
        "cover_url": cover_url(entry),
        "duration": video.post.duration_seconds,
        **counters._asdict(),
        "hashtags": video.hashtags(),
        "mentions": video.mentions(),
        "music": music._asdict() if music else None,
        "is_sponsored": video.is_sponsored(),
    }


def cover_url(entry: Entry) -> str:
    """A signed address that expires a week after the analysis."""
    expires = entry.analysed_at + 7 * DAY
    return f"https://p16.example.com/covers/{entry.video.id}.webp?x-expires={expires}"


def comment(remark: Remark) -> Json:
    """One comment or reply."""
    return {
        "comment_id": remark.id,
        "text": remark.text,
        "published_at": iso(remark.published_at),
        "likes": remark.likes,
        "reply_count": remark.reply_count,
        "parent_comment_id": remark.parent_id,
        "author_username": remark.author,
        "author_picture": remark.picture_url,
    }


def campaign(one: Campaign, entries: list[Entry]) -> Json:
    """The campaign object of /docs/campaigns."""
    return {
        "id": one.id,
        "name": one.name,
        "currency": one.currency,
        "tracked_influencers_count": len({entry.video.handle for entry in entries}),
        "tracked_posts_count": len(entries),
        "archived": one.archived,
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
    }


def campaign_post(one: Campaign, entry: Entry) -> Json:
    """A tracked video with its creator and fee."""
    handle, fee = entry.video.handle, one.fee_cents(entry.video.id)
    return {**post(entry), "creator_handle": handle, "fee_cents": fee}


def creator(one: Creator) -> Json:
    """A creator as /docs/ai_search abridges it."""
    return {
        "id": one.id,
        "username": one.username,
        "follower_count": one.follower_count,
        "engagement_rate": one.engagement_rate,
        "region": one.region,
        "emails": [],
        "instagram_username": None,
        "youtube_channel": None,
    }
