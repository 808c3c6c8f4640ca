"""GET /analytics/comments: a taste of the comments on the top posts in scope. Full plan only."""

from functools import partial
from heapq import nlargest
from typing import Any

from sandbox.answers import Answer
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call, no_video_analytics
from sandbox.tokportal.dashboard import accounts_in_scope
from sandbox.tokportal.export import posts_in_scope
from sandbox.world.accounts import Account
from sandbox.world.analysis import analysis_of
from sandbox.world.posts import Post

Json = dict[str, Any]


def get_pulse(call: Call) -> Answer:
    """Comments, their analysis and the posts that were sampled."""
    call.require("comments")
    limit = call.query.integer("limit", 24, 1, 40)
    sampled = _sample(call, call.query.integer("postLimit", 6, 1, 10))
    each = call.query.integer("commentsPerPost", 8, 1, 12)
    found = [
        (account, post, comment)
        for account, post in sampled
        for comment in call.world.comments(account, post, call.now)[:each]
    ][:limit]
    body = {
        "comments": [
            {"account_id": account.id, **shapes.comment_row(post, comment)}
            for account, post, comment in found
        ],
        "analysis": analysis_of([comment for _, _, comment in found]),
        "sampled_posts": [_sampled_row(call, account, post) for account, post in sampled],
        "contract": shapes.contract_stamp(call.plan),
    }
    return envelopes.bare(body)


def _sample(call: Call, count: int) -> list[tuple[Account, Post]]:
    """The posts that are asked for, else those with the most views."""
    asked = list(dict.fromkeys(call.query.many("post")))
    if asked:
        return [_asked(call, one) for one in asked][:count]
    accounts = call.world.sampled(accounts_in_scope(call))
    return nlargest(count, posts_in_scope(call, accounts), key=partial(_rank, call))


def _rank(call: Call, place: tuple[Account, Post]) -> tuple[int, str]:
    account, post = place
    counters = call.world.newest_post_counters(account, post, call.now)
    return counters.views or 0, post.id


def _asked(call: Call, post_id: str) -> tuple[Account, Post]:
    place = call.world.post(post_id, call.now)
    if place is None or call.world.is_v1(place[0], call.now):
        raise no_video_analytics()
    return place


def _sampled_row(call: Call, account: Account, post: Post) -> Json:
    counters = call.world.newest_post_counters(account, post, call.now)
    return {
        "tracked_post_id": post.id,
        "account_id": account.id,
        "url": post.url(account),
        "views": counters.views,
        "comments": counters.comments,
    }
