"""The truth of accounts on the first generation: what v1 answers hold, in the columns of v2.

A post is known by its va_… id alone, so that is both its key and its legacy id; where a capture
came from is not told, and neither is what only v2 measures.
"""

from collections.abc import Iterator

from sandbox.view import Row, View, utc
from sandbox.world.accounts import Account
from sandbox.world.counters import engagement_rate
from sandbox.world.posts import Post


def account_snapshots(view: View) -> Iterator[Row]:
    """The newest capture of each account: sums over its tracked videos."""
    for account in view.older():
        snapshot = view.world.newest_account_snapshot(account, view.now)
        if snapshot is None:
            continue
        totals = view.world.v1_totals(snapshot)
        yield {
            "account_id": account.id,
            "source": None,
            "captured_at": utc(totals.captured_at),
            "followers": totals.followers,
            "following": totals.following,
            "views": totals.views,
            "likes": totals.likes,
            "comments": totals.comments,
            "shares": totals.shares,
            "bookmarks": totals.bookmarks,
            "impressions": None,
            "reach": None,
            "profile_views": None,
            "posts_tracked": totals.videos,
        }


def tracked_posts(view: View) -> Iterator[Row]:
    """Every listed video with its newest counters."""
    for account, post in view.older_posts():
        yield {
            **_post(view, account, post),
            "platform": account.platform,
            "platform_post_id": None,
            "video_id": post.video_id,
            "legacy_id": view.world.legacy_id(account, post),
            "url": post.url(account),
            "caption": post.caption,
            "thumbnail_url": post.thumbnail_url(),
            "published_at": utc(post.published_at),
            "duration_seconds": post.duration_seconds,
            "content_type": post.content_type,
            "external_ref": None,
        }


def post_snapshots(view: View) -> Iterator[Row]:
    """The newest observation of each video: v1 has no history."""
    for account, post in view.older_posts():
        yield _post(view, account, post)


def _post(view: View, account: Account, post: Post) -> Row:
    snapshot = view.world.newest_post_snapshot(account, post, view.now)
    measured = view.seen(snapshot.counters._asdict())
    return {
        "tracked_post_id": view.world.legacy_id(account, post),
        "account_id": account.id,
        "source": None,
        "captured_at": utc(snapshot.captured_at),
        **measured,
        "impressions": None,
        "reach": None,
        "engagement_rate_reported": engagement_rate(snapshot.counters),
    }
