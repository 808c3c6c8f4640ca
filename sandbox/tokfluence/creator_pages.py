"""GET /creators…, and POST /ai_search, which finds creators too."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from sandbox.answers import Answer, json_answer
from sandbox.tokfluence import shapes
from sandbox.tokfluence.call import Call
from sandbox.tokfluence.creators import Creator, creators_at, find_creator
from sandbox.tokfluence.errors import missing_parameter, not_found

_POSTS_SHOWN: Final = 30
_PAGE_SIZE: Final = 20
_SEARCH_CREDITS: Final = 25
_MAX_RESULTS: Final = 50


def get_creator(call: Call) -> Answer:
    """GET /creators/{id or username}."""
    return json_answer({"data": shapes.creator(_creator(call))})


def list_posts(call: Call) -> Answer:
    """GET /creators/{id}/posts: the newest indexed videos in one page, at a flat price."""
    creator = _creator(call)
    theirs = (one for one in call.index.all(call.now) if _is_by(creator, one.video.account.id))
    rows = [shapes.post(entry) for entry in islice(theirs, _POSTS_SHOWN)]
    return json_answer({"data": rows, "meta": {"total": len(rows)}})


def search(call: Call) -> Answer:
    """GET /creators/search: min_followers, max_followers, min_engagement_rate, region, hashtag."""
    page, size = call.integer("page", 1, 1), call.integer("limit", _PAGE_SIZE, 1)
    size = min(size, _MAX_RESULTS)
    fits = _filter(call)
    found = [one for one in creators_at(call.index, call.now) if fits(one)]
    rows = [shapes.creator(one) for one in found[(page - 1) * size : page * size]]
    more = page * size < len(found)
    meta = {"total": len(found), "page": page, "next_page": page + 1 if more else None}
    return json_answer({"data": rows, "meta": meta})


def ai_search(call: Call) -> Answer:
    """POST /ai_search: no words are understood here, so the first creators are the answer."""
    query, wanted = call.body.get("query"), call.body.get("max_results", _PAGE_SIZE)
    if not isinstance(query, str) or not query:
        raise missing_parameter("query is required.")
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise missing_parameter("max_results must be a positive integer.")
    found = creators_at(call.index, call.now)
    meta: dict[str, Any] = {
        "interpreted_filters": {},
        "total_matches": len(found),
        "model": "sandbox",
        "cost": _SEARCH_CREDITS,
    }
    rows = [shapes.creator(one) for one in found[: min(wanted, _MAX_RESULTS)]]
    return json_answer({"data": rows, "meta": meta})


def _creator(call: Call) -> Creator:
    creator = find_creator(call.index, call.args["id"], call.now)
    if creator is None:
        raise not_found("creator")
    return creator


def _is_by(creator: Creator, account_id: str) -> bool:
    return creator.account.id == account_id


def _filter(call: Call) -> Callable[[Creator], bool]:
    """Whether a creator fits the query; an unknown region or follower count never does."""
    low, high = call.integer("min_followers", 0, 0), call.integer("max_followers", 10**9 - 1, 0)
    rate = _fraction(call.query.get("min_engagement_rate"))
    regions, tags = _words(call, "region"), _words(call, "hashtag")
    tagging = _tagging(call, tags)

    def fits(one: Creator) -> bool:
        return (
            low <= (one.follower_count or 0) <= high
            and one.engagement_rate >= rate
            and (not regions or (one.region or "").lower() in regions)
            and (not tags or one.account.id in tagging)
        )

    return fits


def _tagging(call: Call, tags: set[str]) -> set[str]:
    """Who used one of these hashtags in an indexed video."""
    if not tags:
        return set()
    entries = call.index.all(call.now)
    return {
        one.video.account.id
        for one in entries
        if tags & {tag.lower() for tag in one.video.hashtags()}
    }


def _words(call: Call, name: str) -> set[str]:
    return {word.strip().lower() for word in (call.query.get(name) or "").split(",") if word}


def _fraction(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise missing_parameter("min_engagement_rate must be a fraction.") from None
