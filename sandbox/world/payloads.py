"""The provider-shaped JSON stored beside a snapshot: what a scraper or a connection returned.

Ids are JSON numbers here, beyond 2**53, as scrapers really send them.
"""

from typing import Any

from sandbox.world.accounts import Account
from sandbox.world.measured import AccountCounters, PostCounters
from sandbox.world.posts import Post

Json = dict[str, Any]


def account_payload(account: Account, source: str, captured_at: int, c: AccountCounters) -> Json:
    """The raw JSON of an account's snapshot."""
    if source == "manual":
        return {"enteredBy": "support", "followers": c.followers, "views": c.views}
    if source == "apify":
        return {
            "authorMeta": {
                "name": account.username,
                "nickName": account.display_name,
                "fans": c.followers,
                "following": c.following,
                "heart": c.likes,
                "video": c.posts_count,
            },
            "scrapedAt": captured_at * 1000,
            "input": account.profile_url,
        }
    return {
        "socialAccountId": f"sa_{account.id[:8]}",
        "followers": c.followers,
        "impressions": c.impressions,
        "impressionsUnique": c.reach,
        "views": c.views,
        "viewsUnique": 0,  # upstream says 0 for "not available"
        "postCount": c.posts_count,
        "likes": c.likes,
        "createdAt": captured_at * 1000,
        "raw": {"profile": {"bio": account.biography, "nested": [[1, 2.5, None, True]]}},
    }


def post_payload(
    account: Account, post: Post, source: str, captured_at: int, c: PostCounters
) -> Json:
    """The raw JSON of a post's snapshot."""
    if source == "apify":
        return {
            "id": _number(post.platform_post_id),
            "text": post.caption,
            "playCount": c.views,
            "diggCount": c.likes,
            "commentCount": c.comments,
            "shareCount": c.shares,
            "collectCount": c.bookmarks,
            "authorMeta": {"name": account.username},
            "scrapedAt": captured_at * 1000,
        }
    return {
        "postId": f"bs_{post.id[:8]}",
        "externalId": _number(post.platform_post_id),
        "views": c.views,
        "impressions": c.impressions,
        "impressionsUnique": c.reach,
        "likes": c.likes,
        "comments": c.comments,
        "shares": c.shares,
        "saves": c.bookmarks,
        "averageViewDuration": round(3 + post.phase / 7, 3),
        "updatedAt": captured_at * 1000,
    }


def _number(platform_post_id: str) -> int | str:
    return int(platform_post_id) if platform_post_id.isdigit() else platform_post_id
