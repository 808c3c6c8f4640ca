"""GET /analytics/accounts/{id}: everything about one account in one answer."""

from typing import Any

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account
from sandbox.world.posts import Post

Json = dict[str, Any]


def get_drilldown(call: Call) -> Answer:
    """The header, the newest snapshot, all posts, the daily series, and what the plan adds."""
    account = call.analysed_account()
    listed = call.world.posts(account, call.now)
    seen = listed[: call.plan.posts_listed]
    audience = call.world.audience(account, call.now)
    series = call.world.series(account, call.now)
    body = {
        "account": shapes.account_header(account, call.now, len(listed), analysed=True),
        "latest": latest(call, account),
        "posts": post_rows(call, account, seen),
        "daily_series": [shapes.redact(call.plan, shapes.series_day(point)) for point in series],
        "demographics": shapes.demographics(audience) if audience else None,
        "derived_stats": _derived_stats(call, account, listed),
        "intelligence": call.world.intelligence(account) if listed else None,
        "contract": shapes.contract_stamp(call.plan),
    }
    return envelopes.bare(shapes.redact(call.plan, body))


def latest(call: Call, account: Account) -> Json:
    """The newest account snapshot as this plan sees it."""
    snapshot = call.world.newest_account_snapshot(account, call.now)
    return shapes.redact(call.plan, shapes.account_latest(snapshot)) if snapshot else {}


def post_rows(call: Call, account: Account, posts: list[Post]) -> list[Json]:
    """Tracked posts with the counters of their newest snapshots, as this plan sees them."""
    return [
        shapes.redact(
            call.plan,
            shapes.post_row(
                account, post, call.world.newest_post_snapshot(account, post, call.now)
            ),
        )
        for post in posts
    ]


def _derived_stats(call: Call, account: Account, listed: list[Post]) -> Json:
    """Lifetime stats of all tracked posts, also of those the plan does not list."""
    counters = [call.world.newest_post_counters(account, post, call.now) for post in listed]
    views = [c.views for c in counters if c.views is not None]
    return {
        "tracked_posts": len(listed),
        "total_views": sum(views),
        "total_likes": sum(c.likes or 0 for c in counters),
        "average_views": round(sum(views) / len(views), 2) if views else None,
        "best_views": max(views, default=None),
    }
