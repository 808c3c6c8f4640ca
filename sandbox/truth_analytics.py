"""The truth of what analytics add beside posts and snapshots: series, insights, pulse, export."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import groupby

from sandbox.view import Row, View, utc
from sandbox.world.accounts import Account
from sandbox.world.analysis import analysis_of
from sandbox.world.chance import DAY
from sandbox.world.counters import engagement_rate
from sandbox.world.ledger import METRICS
from sandbox.world.posts import Post

Values = list[tuple[date, int | None]]


def series_points(view: View) -> Iterator[Row]:
    """All points of /analytics/series, account by account, for one granularity and mode."""
    for account in () if "series" in view.plan.closed else view.analysed():
        for metric in METRICS:
            values = _VALUES[view.mode](view, account, metric)
            if view.granularity == "week":
                values = _weeks(values, add=view.mode == "gained")
            for day, value in values:
                yield {
                    "account_id": account.id,
                    "granularity": view.granularity,
                    "mode": view.mode,
                    "metric": metric,
                    "date": day.isoformat(),
                    "value": value,
                }


def account_insights(view: View) -> Iterator[Row]:
    """Derived stats over all tracked posts, and the cached text analysis where there is one."""
    for account in view.analysed():
        posts = view.world.posts(account, view.now)
        found = [view.world.newest_post_snapshot(account, p, view.now).counters for p in posts]
        views = [c.views for c in found if c.views is not None]
        stats = {
            "tracked_posts": len(posts),
            "total_views": sum(views),
            "total_likes": sum(c.likes for c in found if c.likes is not None),
            "average_views": round(sum(views) / len(views), 2) if views else None,
            "best_views": max(views) if views else None,
        }
        shown = view.shows("intelligence") and posts
        text = view.world.intelligence(account) if shown else None
        yield {"account_id": account.id, "derived_stats": stats, "intelligence": text}


def comment_pulse(view: View) -> Iterator[Row]:
    """What /analytics/comments says without parameters: one row, comments and posts by id."""
    if "comments" in view.plan.closed:
        return
    ranked = sorted(
        view.sampled_posts(),
        key=partial(_rank, view),
        reverse=True,
    )[:6]
    found = [view.world.comments(account, post, view.now)[:8] for account, post in ranked]
    comments = [one for some in found for one in some][:24]
    yield {
        "comment_ids": [one.id for one in comments],
        "sampled_posts": [post.id for _, post in ranked],
        "analysis": analysis_of(comments),
    }


def video_export(view: View) -> Iterator[Row]:
    """The rows of the CSV. An empty cell is None: CSV cannot tell it from an empty text."""
    if "export" in view.plan.closed:
        return
    for account, post in view.posts():
        snapshot = view.world.newest_post_snapshot(account, post, view.now)
        counters = snapshot.counters
        row: Row = {
            "account_id": account.id,
            "account": account.username,
            "platform": account.platform,
            "country": account.country,
            "tracked_post_id": post.id,
            "platform_post_id": post.platform_post_id,
            "url": post.url(account),
            "caption": post.caption or None,
            "published_at": utc(post.published_at),
            "content_type": post.content_type,
            "views": counters.views,
            "likes": counters.likes,
            "comments": counters.comments,
            "shares": counters.shares,
            "bookmarks": counters.bookmarks,
            "engagement_rate": engagement_rate(counters),
            "captured_at": utc(snapshot.captured_at),
        }
        if not view.plan.hidden:
            row |= {
                "impressions": counters.impressions,
                "reach": counters.reach,
                "source": snapshot.source,
                "video_id": post.video_id,
                "duration_seconds": post.duration_seconds,
            }
        yield row


def _rank(view: View, place: tuple[Account, Post]) -> tuple[int, str]:
    account, post = place
    return view.world.newest_post_counters(account, post, view.now).views or 0, post.id


TABLES = (series_points, account_insights, comment_pulse, video_export)


def _totals(view: View, account: Account, metric: str) -> Values:
    points = view.world.series(account, view.now, final=view.final)
    return [(_date(point.day), point.totals[metric]) for point in points]


def _gains(view: View, account: Account, metric: str) -> Values:
    totals = _totals(view, account, metric)
    before = [None, *(value for _, value in totals)]
    return [
        (day, None if value is None or last is None else value - last)
        for (day, value), last in zip(totals, before, strict=False)
    ]


def _measured(view: View, account: Account, metric: str) -> Values:
    newest = {
        _date(one.captured_at // DAY): one.counters._asdict()[metric]
        for one in view.world.account_snapshots(account, view.now)
    }
    return sorted(newest.items())


_VALUES = {"cumulative": _totals, "gained": _gains, "snapshot": _measured}


def _weeks(values: Values, *, add: bool) -> Values:
    """By ISO week, dated by its Monday; a week without a known value is None."""
    found: Values = []
    for (year, week), days in groupby(values, key=lambda at: at[0].isocalendar()[:2]):
        known = [value for _, value in days if value is not None]
        monday = date.fromisocalendar(year, week, 1)
        found.append((monday, (sum(known) if add else known[-1]) if known else None))
    return found


def _date(day: int) -> date:
    return date.fromisoformat(utc(day * DAY)[:10])
