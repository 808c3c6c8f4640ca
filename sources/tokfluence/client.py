"""Tokfluence's read API, one method per endpoint (developers.tokfluence.com/docs). Knows HTTP only.

Every answer costs credits, failures included (docs/credits), so each request says its price before
it leaves, and a shape that is not documented is taken rather than asked again. No X-Request-Id is
sent: a repeated one is answered with 409 and not with the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..http.answers import Codes
from ..http.client import HttpClient, Params
from ..http.egress import path
from ..http.errors import (
    BadBody,
    CredentialsRefused,
    NotInPlan,
    Retriable,
    Skippable,
    TryLater,
    WalkError,
)
from ..http.pagination import rows_of, whole
from ..landing.rows import first, identifier
from .paging import CursorPage

Row = dict[str, Any]
T = TypeVar("T")

LIMIT = 200  # of comments: the documented maximum; assumed for the lists of a campaign

POST_ID = ("post_id", "postId", "id")
CAMPAIGN_ID = ("campaign_id", "campaignId", "id")
CREATOR_ID = ("creator_id", "creatorId", "id")
POST_NOT_FOUND = "post_not_found"
# `forbidden` is said of somebody else's campaign; the key may go on.
CODES = Codes(ours_alone=frozenset({"forbidden"}), no_credits=frozenset({"insufficient_credits"}))
_WHOLE_KEY = ("plan_required", "account_banned")


@dataclass(frozen=True)
class Operation:
    """What is charged: its name in the price list, its path, its credits (docs/credits)."""

    name: str
    endpoint: str
    price: int


POSTS_SHOW = Operation("posts.show", "/posts/{id}", 1)
POSTS_COMMENTS = Operation("posts.comments", "/posts/{id}/comments", 2)
CAMPAIGNS_SHOW = Operation("campaigns.show", "/campaigns/{id}", 1)
CAMPAIGNS_METRICS = Operation("campaigns.metrics", "/campaigns/{id}/metrics", 2)
CAMPAIGNS_POSTS = Operation("campaigns.posts", "/campaigns/{id}/posts", 2)
CAMPAIGNS_INFLUENCERS = Operation("campaigns.influencers", "/campaigns/{id}/influencers", 2)
CREATORS_SHOW = Operation("creators.show", "/creators/{id}", 1)
NOTHING = Operation("nothing", "/", 0)

OPERATIONS = {
    operation.endpoint: operation.name
    for operation in (
        POSTS_SHOW,
        POSTS_COMMENTS,
        CAMPAIGNS_SHOW,
        CAMPAIGNS_METRICS,
        CAMPAIGNS_POSTS,
        CAMPAIGNS_INFLUENCERS,
        CREATORS_SHOW,
    )
}


class WrongAnswer(Skippable):
    """The provider answered about another thing than the one asked."""

    code = "wrong_answer"
    remedy = "Nothing of the answer was stored. If it stays, report it to the provider."


class TokfluenceClient:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def look(self) -> int | None:
        """Prove the key and return the balance, without spending.

        An address that is no operation has no price, and its 404 carries the balance like every
        answer. Raises Fatal when the key is refused or nobody answers.
        """
        try:
            await self._get(NOTHING, "/", (), lambda body: body)
        except Skippable:
            pass
        except Retriable as error:
            raise TryLater(
                f"Tokfluence does not answer: {error.message}",
                code="provider_down",
                status=error.status,
            ) from error
        return self._http.connection.wallet.balance

    async def ask_time(self) -> None:
        """The provider's time, on which hangs what is due; without the key, so without a charge."""
        await self._http.ask_time(path("posts", "0"), endpoint="/posts/{id} without a key")

    async def get_post(self, post_id: str) -> Row:
        """A post as the index has it; NotFound `post_not_found` when it is not indexed."""
        row = await self._object(POSTS_SHOW, path("posts", post_id), (*POST_ID, "url"))
        return _about(post_id, row, *POST_ID)

    async def list_comments(self, post_id: str, cursor: int) -> CursorPage:
        """A page of a post's comments."""
        return await self._page(POSTS_COMMENTS, path("posts", post_id, "comments"), cursor)

    async def get_campaign(self, campaign_id: str) -> Row:
        """A campaign's head; NotFound when it is unknown or somebody else's."""
        row = await self._object(CAMPAIGNS_SHOW, path("campaigns", campaign_id), CAMPAIGN_ID)
        return _about(campaign_id, row, *CAMPAIGN_ID)

    async def get_campaign_metrics(self, campaign_id: str) -> Row:
        """The campaign's figures as a whole; which ones is not documented."""
        return await self._object(CAMPAIGNS_METRICS, path("campaigns", campaign_id, "metrics"))

    async def list_campaign_posts(self, campaign_id: str, cursor: int) -> CursorPage:
        """A page of a campaign's posts, with their figures."""
        return await self._page(CAMPAIGNS_POSTS, path("campaigns", campaign_id, "posts"), cursor)

    async def list_influencers(self, campaign_id: str, cursor: int) -> CursorPage:
        """A page of a campaign's creators."""
        where = path("campaigns", campaign_id, "influencers")
        return await self._page(CAMPAIGNS_INFLUENCERS, where, cursor)

    async def get_creator(self, creator: str) -> Row:
        """A creator's profile, by handle or tkc_ id."""
        return await self._object(CREATORS_SHOW, path("creators", creator), CREATOR_ID)

    async def _object(self, operation: Operation, where: str, expect: tuple[str, ...] = ()) -> Row:
        return await self._get(operation, where, (), lambda body: object_of(body, expect))

    async def _page(self, operation: Operation, where: str, cursor: int) -> CursorPage:
        params = [("cursor", str(cursor)), ("limit", str(LIMIT))]
        return await self._get(operation, where, params, page_of)

    async def _get(
        self, operation: Operation, where: str, params: Params, read: Callable[[Any], T]
    ) -> T:
        try:
            return await self._http.get(
                where, params, endpoint=operation.endpoint, read=read, price=operation.price
            )
        except NotInPlan as error:
            if error.code in _WHOLE_KEY:  # the answer to every other request too
                raise CredentialsRefused(
                    error.message, code=error.code, status=error.status
                ) from error
            raise


def object_of(body: Any, expect: tuple[str, ...] = ()) -> Row:
    """The object of an answer, with or without its `data`. Raises BadBody for one that is empty or
    has none of the expected fields."""
    if isinstance(body, dict) and "data" in body:
        body = body["data"]
    if not isinstance(body, dict) or not body or "error" in body:
        raise BadBody("an answer without an object", code="envelope_invalid")
    if expect and not any(name in body for name in expect):
        raise BadBody(f"an object with none of {', '.join(expect)}", code="envelope_invalid")
    return body


def _about(asked: str, row: Row, *names: str) -> Row:
    said = identifier(row, *names)
    if said not in (None, asked):
        raise WrongAnswer(f"asked for {asked}, got {str(said)[:40]}")
    return row


def page_of(body: Any) -> CursorPage:
    """A page of rows, with what it says of the whole. Raises BadBody for what holds no list."""
    rows = rows_of(body, "comments", "posts", "influencers", "creators", "items", "rows")
    stated = _meta(body)
    said = first(stated, "total", "total_count", "totalCount")
    total = whole(said)
    unread = said is not None and total is None
    return CursorPage(rows, total, _cursor(first(stated, "next_cursor", "nextCursor")), unread)


def _meta(body: Any) -> Row:
    """Where the page speaks of the whole: `meta`, or beside the rows."""
    places = (body, body.get("data")) if isinstance(body, dict) else ()
    found = [place for place in places if isinstance(place, dict)]
    inner = [place.get(name) for place in found for name in ("meta", "pagination")]
    return next((meta for meta in inner if isinstance(meta, dict)), found[-1] if found else {})


def _cursor(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if (cursor := whole(value)) is None:
        raise WalkError("the next cursor is no number", code="bad_cursor")
    return cursor
