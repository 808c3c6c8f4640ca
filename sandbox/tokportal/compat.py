"""The older paths, which serve v2 data in the shapes existing integrations know."""

from collections.abc import Callable
from typing import Any

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call, no_video_analytics
from sandbox.tokportal.drilldown import latest, post_rows
from sandbox.world.accounts import Account
from sandbox.world.counters import engagement_rate
from sandbox.world.measured import AccountCounters
from sandbox.world.posts import Post

_SORTS = ("views", "likes", "engagement_rate", "upload_date")


def get_account_analytics(call: Call) -> Answer:
    """GET /accounts/{id}/analytics: totals of the newest account snapshot in legacy names."""
    account = call.older_or_newer_account()
    snapshot = call.world.newest_account_snapshot(account, call.now)
    assert snapshot is not None
    if call.world.is_v1(account, call.now):
        return envelopes.wrapped(shapes.v1_account(account, call.world.v1_totals(snapshot)))
    posts = call.posts(account)
    body = {
        "account_id": account.id,
        **_totals(call, snapshot.counters),
        "scraped_at": shapes.iso(snapshot.captured_at),
        "analytics_version": "v2",
        "analytics_v2": {
            "account": shapes.account_header(account, call.now, len(posts), analysed=True),
            "latest": latest(call, account),
            "posts": post_rows(call, account, posts),
        },
    }
    return envelopes.wrapped(body)


def list_videos(call: Call) -> Answer:
    """GET /accounts/{id}/analytics/videos: tracked posts in the older paginated list shape."""
    sort_by = call.query.choice("sort_by", _SORTS, "upload_date")
    order = call.query.choice("sort_order", ("asc", "desc"), "desc")
    page, per_page = call.query.page(default_size=50)  # 20 on the older page: always send per_page
    account = call.older_or_newer_account()
    posts = call.posts(account)
    found = sorted(posts, key=_sort_key(call, account, sort_by), reverse=order == "desc")
    rows = [_row(call, account, post) for post in found[(page - 1) * per_page : page * per_page]]
    return envelopes.paged(rows, page, per_page, len(found))


def get_video(call: Call) -> Answer:
    """GET /videos/{id}/analytics: by tracked_post_id or by the older va_… id, nothing else."""
    wanted = call.args["id"]
    older = call.world.post_by_legacy_id(wanted, call.now)
    place = older or call.world.post(wanted, call.now)
    if place is None or place[1] not in call.posts(place[0]):
        raise no_video_analytics()
    if older is None and call.world.is_v1(place[0], call.now):
        raise no_video_analytics()
    return envelopes.wrapped(_row(call, *place))


def _row(call: Call, account: Account, post: Post) -> dict[str, Any]:
    snapshot = call.world.newest_post_snapshot(account, post, call.now)
    legacy_id = call.world.legacy_id(account, post)
    if call.world.is_v1(account, call.now):
        return shapes.v1_video(call.plan, account, snapshot, legacy_id)
    return shapes.video_row(call.plan, account, snapshot, legacy_id)


def _totals(call: Call, c: AccountCounters) -> dict[str, Any]:
    hidden = call.plan.hidden
    rate = round(100 * c.likes / c.views, 2) if c.likes is not None and c.views else None
    return {
        "followers_count": c.followers,
        "following_count": c.following,
        "total_videos_tracked": c.posts_count,
        "total_views": c.views,
        "total_likes": c.likes,
        "total_comments": c.comments,
        "total_shares": None if "shares" in hidden else c.shares,
        "total_bookmarks": None if "bookmarks" in hidden else c.bookmarks,
        "average_engagement_rate": rate,
    }


def _sort_key(call: Call, account: Account, sort_by: str) -> Callable[[Post], tuple[float, str]]:
    def key(post: Post) -> tuple[float, str]:
        if sort_by == "upload_date":
            return post.published_at, post.id
        counters = call.world.newest_post_counters(account, post, call.now)
        if sort_by == "engagement_rate":
            return engagement_rate(counters) or 0, post.id
        return (counters.views if sort_by == "views" else counters.likes) or 0, post.id

    return key
