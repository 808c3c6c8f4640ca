"""What a capture measured: growth that is steep, then flat."""

from math import exp

from sandbox.world.accounts import Account
from sandbox.world.comments import arrivals
from sandbox.world.measured import AccountCounters, PostCounters, unmeasured
from sandbox.world.posts import Post

# A scraper sees a little less than the owner's own dashboard: a switch of source shows as a fall.
_SCRAPED = 0.97
_RESTATED = 0.92


def post_counters(account: Account, post: Post, captured_at: int) -> PostCounters:
    """The counters of a post's snapshot taken at this time."""
    age = captured_at - post.published_at
    source = account.source_at(captured_at)
    views = post.peak * (1 - exp(-age / post.tau)) * _correction(post, age, source)
    full = PostCounters(
        views=int(views),
        likes=int(views * post.like_rate),
        comments=comment_count(post, captured_at),
        shares=int(views * post.share_rate),
        bookmarks=None if post.bookmark_rate is None else int(views * post.bookmark_rate),
        impressions=int(views * 1.13),
        reach=int(views * 0.71),
    )
    hidden = unmeasured(account.platform, source) & set(PostCounters._fields)
    if account.platform == "instagram" and post.content_type == "carousel":
        hidden = hidden | {"views"}  # pictures are not played
    return full._replace(**dict.fromkeys(hidden)) if hidden else full


def comment_count(post: Post, captured_at: int) -> int | None:
    """Comments that had arrived when the snapshot was taken."""
    if post.comment_total is None:
        return None
    return arrivals(post, captured_at)


def engagement_rate(counters: PostCounters) -> float | None:
    """Percent as the published examples compute it: without bookmarks, against the page's text."""
    if counters.views is None:
        return None
    acts = (counters.likes or 0) + (counters.comments or 0) + (counters.shares or 0)
    return round(acts / counters.views * 100, 2) if counters.views else 0.0


def account_counters(
    account: Account, source: str, totals: dict[str, int], posts_count: int | None
) -> AccountCounters:
    """The counters of an account's snapshot, from its running totals."""
    scale = _SCRAPED if source == "apify" else 1.0
    seen = {name: int(value * scale) for name, value in totals.items() if name != "followers"}
    full = AccountCounters(
        followers=totals["followers"],
        following=120 + account.index % 300,
        views=seen["views"],
        likes=seen["likes"],
        comments=seen["comments"],
        shares=seen["shares"],
        bookmarks=seen["likes"] // 9,
        impressions=int(seen["views"] * 1.13),
        reach=int(seen["views"] * 0.71),
        profile_views=int(seen["views"] * 0.03),
        posts_count=posts_count,
    )
    return full._replace(**dict.fromkeys(unmeasured(account.platform, source)))


def _correction(post: Post, age: int, source: str) -> float:
    restated = post.restated_after is not None and age >= post.restated_after
    return (_RESTATED if restated else 1.0) * (_SCRAPED if source == "apify" else 1.0)
