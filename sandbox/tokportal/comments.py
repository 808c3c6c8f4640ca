"""GET /analytics/accounts/{id}/comments: the cached comments of one post. Full plan only."""

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call, no_video_analytics
from sandbox.world.accounts import Account
from sandbox.world.posts import Post

_DEFAULT_LIMIT, _MAX_LIMIT = 20, 50


def list_comments(call: Call) -> Answer:
    """Newest first, 50 at most, no pages."""
    call.require("comments")
    # "Number of comments, max 50": more is asked, 50 are given.
    limit = min(call.query.integer("limit", _DEFAULT_LIMIT, 1), _MAX_LIMIT)
    account = call.analysed_account()
    post = _post(call, account)
    found = call.world.comments(account, post, call.now)[:limit]
    return envelopes.rows([shapes.comment_row(post, comment) for comment in found])


def _post(call: Call, account: Account) -> Post:
    tracked, provided = call.query.get("trackedPostId"), call.query.get("postId")
    if tracked is None and provided is None:
        raise ApiError(400, "VALIDATION_ERROR", "trackedPostId is required.", field="trackedPostId")
    post = _tracked(call, account, tracked) if tracked else _provided(call, account, provided)
    if post is None:
        raise no_video_analytics()
    return post


def _tracked(call: Call, account: Account, tracked_post_id: str) -> Post | None:
    place = call.world.post(tracked_post_id, call.now)
    return place[1] if place and place[0].id == account.id else None


def _provided(call: Call, account: Account, provider_id: str | None) -> Post | None:
    """By the connected provider's post id, or the platform's."""
    posts = call.world.posts(account, call.now)
    ids = {provider_id, (provider_id or "").removeprefix("bs_")}
    return next((p for p in posts if p.platform_post_id in ids or p.id[:8] in ids), None)
