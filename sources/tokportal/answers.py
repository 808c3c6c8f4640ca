"""Which answer tells about an account: the drilldown, or what stands in for it.

The drilldown is one request and tells everything. It may be capped (then the paginated video list
completes it), missing (an account of the first generation of the API, or one without analytics) or
refused by the plan. In the last two cases the older endpoints are the route: totals, then videos.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..http.errors import BadBody, NoDataYet, NotInPlan
from ..http.pagination import whole
from ..landing.held import Held
from ..landing.rows import first, identifier
from .account_work import AccountWork
from .client import POST_ID, TokPortalClient
from .tables import TRACKED_POSTS

Row = dict[str, Any]

_COUNTS = (
    "tracked_posts",
    "posts_tracked",
    "post_count",
    "posts_count",
    "total_posts",
    "total_videos_tracked",
)


@dataclass(frozen=True)
class Answer:
    """A drilldown's body or its like. `posts` is None when nothing moved since they were read;
    `complete`: nothing says that a post is missing; `stated`: how many the provider counts, None
    where it does not say or cannot be read; `legacy`: first generation; `refusal`: why it is not a
    drilldown."""

    body: Row
    posts: list[Any] | None
    complete: bool
    stated: int | None
    legacy: bool = False
    refusal: NotInPlan | None = None


async def ask_account(work: AccountWork, client: TokPortalClient, held: Held) -> Answer:
    """The account's answer, by the route that worked for it last. Raises ProviderError."""
    if work.cursors.get("route") == "v1" or not work.scope.asks_drilldown:
        return await _ask_older(work, client, held, None)
    try:
        body = await client.get_account_analytics(work.account_id)
    except NoDataYet as absence:
        today = work.now().date().isoformat()
        if work.cursors.get("older_asked_on") == today:
            raise
        work.cursors["older_asked_on"] = today  # an account without analytics: once a day is enough
        return await _ask_older(work, client, held, absence)
    except NotInPlan as refusal:
        older = await _ask_older(work, client, held, refusal)
        return replace(older, refusal=refusal)
    work.scope.gates["drilldown"].grant()
    return await _completed(work, client, body, held)


async def _ask_older(
    work: AccountWork,
    client: TokPortalClient,
    held: Held,
    because: NoDataYet | NotInPlan | None,
) -> Answer:
    """Totals by the compatibility endpoint, posts by the video list."""
    try:
        totals = await client.get_account_totals(work.account_id)
    except (NoDataYet, NotInPlan) as error:
        raise because or error from None
    payload = totals.get("analytics_v2")
    if isinstance(payload, dict) and payload and work.scope.asks_drilldown:
        work.cursors.pop("route", None)  # served by Analytics v2 (again)
        if because is None:
            return await ask_account(work, client, held)
        return await _completed(work, client, payload, held)
    legacy = totals.get("analytics_version") is None
    if legacy:
        work.cursors["route"] = "v1"
    stated = stated_posts({"latest": totals}, work.dashboard)
    scraped_at = first(totals, "scraped_at")
    if scraped_at is not None and scraped_at == work.cursors.get("older_scraped_at"):
        return Answer({"latest": totals}, None, True, stated, legacy)
    listing = await client.list_videos(work.account_id)
    if listing.complete:
        work.cursors["older_scraped_at"] = scraped_at
    posts = [*listing.rows.values(), *listing.nameless]
    complete = listing.complete and work.scope.shows_all_posts
    total = listing.total if listing.total is not None else stated
    return Answer({"latest": totals}, posts, complete, total, legacy)


async def _completed(work: AccountWork, client: TokPortalClient, body: Row, held: Held) -> Answer:
    """A drilldown with all its posts: completed from the video list when it may be capped."""
    posts = body.get("posts")
    if posts is not None and not isinstance(posts, list):
        raise BadBody("the posts of a drilldown are no list", code="envelope_invalid")
    served, posts = posts is not None, posts or []
    stated = stated_posts(body, work.dashboard)
    if not _may_be_capped(work, posts, stated, held):
        complete = served and (stated is None or stated <= len(posts))
        return Answer(body, posts, complete and work.scope.shows_all_posts, stated)
    try:
        listing = await client.list_videos(work.account_id)
    except (NotInPlan, NoDataYet):
        return Answer(body, posts, False, stated)
    listed = {identifier(post, *POST_ID) for post in posts}
    more = [row for post_id, row in listing.rows.items() if post_id not in listed]
    work.cursors["listing"] = {
        "stated": stated,
        "shown": len(posts),
        "useless": not more,
    }
    every = [*posts, *more, *listing.nameless]
    counted = listing.complete and (stated is None or stated <= len(every))
    return Answer(body, every, counted and work.scope.shows_all_posts, stated)


def _may_be_capped(work: AccountWork, posts: list[Any], stated: int | None, held: Held) -> bool:
    """Whether the drilldown may show fewer posts than there are, and it is worth asking.

    A list that brought nothing more is not asked again for the same pair of numbers; one that
    did is the only way to those posts.
    """
    if stated is not None and stated <= len(posts):
        return False
    known = work.cursors.get("listing") or {}
    if stated is not None:
        same = known.get("stated") == stated and known.get("shown") == len(posts)
        return not (same and known.get("useless"))
    listed = {identifier(post, *POST_ID) for post in posts}
    stored = held.of(TRACKED_POSTS, work.account_id)
    return any(key not in listed for (key,), s in stored.items() if not s.row["removed_at"])


def stated_posts(body: Row, dashboard: Row | None) -> int | None:
    """How many posts the provider says there are; the most specific statement wins. None where
    there is none, or it is no whole number."""
    for place in (body.get("derived_stats"), dashboard, body.get("account"), body.get("latest")):
        for name in _COUNTS:
            value = place.get(name) if isinstance(place, dict) else None
            if value is not None:
                return whole(value)
    return None
