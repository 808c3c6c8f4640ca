"""The truth of Tokfluence per warehouse table: what a full read can find at this moment.

Computed from the index and the world. It shares no row-building with the endpoints.
"""

from collections.abc import Callable, Iterator
from typing import Final

from sandbox.tokfluence.creators import creators_at
from sandbox.tokfluence.index import Entry
from sandbox.view import Row, View, utc


def posts(view: View) -> Iterator[Row]:
    """Every indexed video as of its last analysis."""
    for entry in _entries(view):
        video, music = entry.video, entry.video.music()
        yield {
            "post_id": video.id,
            "platform": "tiktok",
            "platform_post_id": video.post.platform_post_id,
            "url": video.url,
            "creator_handle": video.account.username.lower(),
            "caption": video.post.caption,
            "published_at": utc(video.post.published_at),
            "thumbnail_url": _thumbnail_url(entry),
            "duration_seconds": video.post.duration_seconds,
            **_counted(entry),
            "hashtags": video.hashtags(),
            "mentions": video.mentions(),
            "music_title": music.title if music else None,
            "music_author": music.author if music else None,
            "music_original": music.original if music else None,
            "is_sponsored": video.is_sponsored(),
        }


def post_snapshots(view: View) -> Iterator[Row]:
    """The counters of every indexed video, as a read on this day finds them."""
    today = utc(view.now)[:10]
    for entry in _entries(view):
        yield {"post_id": entry.video.id, "fetched_on": today, **_counted(entry)}


def comments(view: View) -> Iterator[Row]:
    """Every comment and reply of every indexed video."""
    for entry in _entries(view):
        for remark in entry.remarks():
            yield {
                "comment_id": remark.id,
                "post_id": entry.video.id,
                "parent_comment_id": remark.parent_id,
                "author_username": remark.author,
                "author_picture_url": remark.picture_url,
                "text": remark.text,
                "likes": remark.likes,
                "reply_count": remark.reply_count,
                "published_at": utc(remark.published_at),
            }


def campaigns(view: View) -> Iterator[Row]:
    """The owner's campaigns."""
    subscription = view.owner.tokfluence
    for one in subscription.campaigns():
        tracked = one.entries(subscription.index, view.now)
        yield {
            "campaign_id": str(one.id),
            "name": one.name,
            "currency": one.currency,
            "tracked_influencers_count": len({entry.video.handle for entry in tracked}),
            "tracked_posts_count": len(tracked),
            "archived": one.archived,
            "created_at": utc(one.created_at),
            "updated_at": utc(one.updated_at),
        }


def campaign_posts(view: View) -> Iterator[Row]:
    """What each campaign tracks."""
    subscription = view.owner.tokfluence
    for one in subscription.campaigns():
        for entry in one.entries(subscription.index, view.now):
            yield {
                "campaign_id": str(one.id),
                "post_id": entry.video.id,
                "creator_handle": entry.video.handle,
                "fee_cents": one.fee_cents(entry.video.id),
            }


def campaign_metrics(view: View) -> Iterator[Row]:
    """The sums of each campaign now."""
    subscription = view.owner.tokfluence
    for one in subscription.campaigns():
        tracked = one.entries(subscription.index, view.now)
        totals = [_counted(entry) for entry in tracked]
        names = ("views", "likes", "comments", "shares", "saves")
        sums = {name: sum(row[name] or 0 for row in totals) for name in names}
        spend = sum(one.fee_cents(entry.video.id) for entry in tracked)
        gmv = 3 * sums["views"]
        yield {
            "campaign_id": str(one.id),
            "posts_count": len(tracked),
            "influencers_count": len({entry.video.handle for entry in tracked}),
            **sums,
            "spend_cents": spend,
            "gmv_cents": gmv,
            "roi": round(gmv / spend, 4) if spend else None,
        }


def creators(view: View) -> Iterator[Row]:
    """Everybody who can be found."""
    for one in creators_at(view.owner.tokfluence.index, view.now):
        yield {
            "creator_id": one.id,
            "username": one.username,
            "follower_count": one.follower_count,
            "engagement_rate_reported": one.engagement_rate,
            "region": one.region,
        }


def never_indexed(view: View) -> Iterator[Row]:
    """Videos of the portfolio that answer 404 until somebody has them analysed."""
    for video in view.owner.tokfluence.index.never(view.now):
        if view.account_id in (None, video.account.id):
            yield {"post_id": video.id, "url": video.url}


TABLES: Final[dict[str, Callable[[View], Iterator[Row]]]] = {
    table.__name__: table
    for table in (
        *(posts, post_snapshots, comments, campaigns),
        *(campaign_posts, campaign_metrics, creators, never_indexed),
    )
}


def _entries(view: View) -> Iterator[Entry]:
    """The index, or that part of it which one account of the portfolio has published."""
    for entry in view.owner.tokfluence.index.all(view.now):
        if view.account_id in (None, entry.video.account.id):
            yield entry


def _counted(entry: Entry) -> Row:
    counters = entry.counters()
    return {
        "views": counters.views,
        "likes": counters.likes,
        "comments": counters.comments,
        "shares": counters.shares,
        "saves": counters.saves,
    }


def _thumbnail_url(entry: Entry) -> str:
    """The cover, whose signature is good for seven days from the analysis."""
    expires = entry.analysed_at + 604_800
    return f"https://p16.example.com/covers/{entry.video.id}.webp?x-expires={expires}"
