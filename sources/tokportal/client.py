"""TokPortal's read API, one method per endpoint (developers.tokportal.com). Knows HTTP, not dlt.

Answers come with or without a `data` envelope, and lists under several names; each method says what
it takes for an answer and hands the provider's JSON on unchanged.
"""

from __future__ import annotations

from typing import Any

from ..http.client import HttpClient, Params
from ..http.egress import path
from ..http.errors import BadBody
from ..http.pagination import Listing, Page, read_page, rows_of, walk_pages
from ..landing.rows import identifier

Row = dict[str, Any]

PER_PAGE = 100  # the documented maximum; defaults differ from page to page, so it is always sent
RAW_LIMIT = 30  # likewise, for both raw endpoints
COMMENT_LIMIT = 50

ACCOUNT_ID = ("id", "account_id", "saved_account_id")
POST_ID = ("tracked_post_id", "id")

NO_DATA_CODES = frozenset({"analytics_not_found", "video_analytics_not_found"})
OURS_ALONE_CODES = frozenset({"saved_account_not_owned", "account_not_owned", "bundle_not_owned"})


class TokPortalClient:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def get_me(self) -> Row:
        """Profile of the key's owner."""
        return await self._object(path("me"), endpoint="/me")

    async def get_contract(self) -> Row:
        """The data contract, the key's access, metric semantics, redaction rules."""
        return await self._object(path("analytics", "contract"), endpoint="/analytics/contract")

    async def get_dashboard(self, workspace: str | None = None) -> Row:
        """Portfolio totals, accounts, audience, facets; one request, not paginated."""
        return await self._object(
            path("analytics"),
            [("workspace", workspace)] if workspace else [],
            endpoint="/analytics",
            expect=("totals", "accounts", "access"),
        )

    async def list_accounts(self) -> Listing:
        """All saved accounts, by id; walked until it is as long as its own total."""

        async def ask(number: int) -> Page:
            params = [("page", str(number)), ("per_page", str(PER_PAGE))]
            return await self._page(path("accounts"), params, number, "/accounts", "accounts")

        return await walk_pages(ask, lambda row: identifier(row, *ACCOUNT_ID))

    async def get_account_analytics(self, account_id: str) -> Row:
        """The drilldown: header, latest, posts, daily series, demographics. No parameters."""
        return await self._object(
            path("analytics", "accounts", account_id),
            endpoint="/analytics/accounts/{id}",
            expect=("account", "latest", "posts", "daily_series"),
        )

    async def get_account_totals(self, account_id: str) -> Row:
        """The compatibility endpoint: v1 totals, or v2 with the whole payload in `analytics_v2`."""
        return await self._object(
            path("accounts", account_id, "analytics"),
            endpoint="/accounts/{id}/analytics",
            expect=("account_id", "analytics_v2", "total_views", "followers_count"),
        )

    async def list_videos(self, account_id: str) -> Listing:
        """Tracked posts in the older paginated shape; oldest upload first, so pages hold still."""

        async def ask(number: int) -> Page:
            params = [
                ("sort_by", "upload_date"),
                ("sort_order", "asc"),
                ("page", str(number)),
                ("per_page", str(PER_PAGE)),
            ]
            where = path("accounts", account_id, "analytics", "videos")
            endpoint = "/accounts/{id}/analytics/videos"
            return await self._page(where, params, number, endpoint, "videos", "posts")

        return await walk_pages(ask, lambda row: identifier(row, *POST_ID))

    async def get_series(
        self,
        account_id: str,
        metric: str,
        since: str,
        until: str,
        *,
        granularity: str = "day",
        mode: str = "cumulative",
    ) -> list[Row]:
        """Points of one metric and one account; bounds are days, both sent."""
        params = [
            ("metric", metric),
            ("granularity", granularity),
            ("mode", mode),
            ("account", account_id),
            ("from", since),
            ("to", until),
        ]
        return await self._rows(
            path("analytics", "series"), params, "/analytics/series", "points", "series"
        )

    async def list_account_raw(self, account_id: str, window: Params) -> list[Row]:
        """Up to 30 stored snapshots of an account; no cursor, no total: walk windows."""
        where = path("analytics", "accounts", account_id, "raw")
        params = [("limit", str(RAW_LIMIT)), *window]
        return await self._rows(where, params, "/analytics/accounts/{id}/raw", "snapshots", "rows")

    async def list_post_raw(self, tracked_post_id: str, window: Params) -> list[Row]:
        """Up to 30 stored snapshots of a post; no cursor, no total: walk windows."""
        where = path("analytics", "posts", tracked_post_id, "raw")
        params = [("limit", str(RAW_LIMIT)), *window]
        return await self._rows(where, params, "/analytics/posts/{id}/raw", "snapshots", "rows")

    async def list_comments(self, account_id: str, tracked_post_id: str) -> list[Row]:
        """Up to 50 cached comments of a post; there is no way to more."""
        where = path("analytics", "accounts", account_id, "comments")
        params = [("trackedPostId", tracked_post_id), ("limit", str(COMMENT_LIMIT))]
        return await self._rows(
            where, params, "/analytics/accounts/{id}/comments", "comments", "rows"
        )

    async def _object(
        self, where: str, params: Params = (), *, endpoint: str, expect: tuple[str, ...] = ()
    ) -> Row:
        def read(body: Any) -> Row:
            return object_of(body, expect)

        return await self._http.get(where, params, endpoint=endpoint, read=read)

    async def _rows(self, where: str, params: Params, endpoint: str, *names: str) -> list[Row]:
        return await self._http.get(
            where, params, endpoint=endpoint, read=lambda body: rows_of(body, *names)
        )

    async def _page(
        self, where: str, params: Params, number: int, endpoint: str, *names: str
    ) -> Page:
        def read(body: Any) -> Page:
            return read_page(body, rows_of(body, *names), number, PER_PAGE)

        return await self._http.get(where, params, endpoint=endpoint, read=read)


def object_of(body: Any, expect: tuple[str, ...] = ()) -> Row:
    """The object of an answer, out of its `data` envelope when it has one.

    Raises BadBody for `{}`, for an error under a success status, and for an object that has none
    of the expected keys: an empty answer is believed only when it is a well-formed one.
    """
    if isinstance(body, dict) and "data" in body and not any(key in body for key in expect):
        body = body["data"]
    if not isinstance(body, dict) or not body or ("error" in body and len(body) == 1):
        raise BadBody("an answer without content", code="envelope_invalid")
    if expect and not any(key in body for key in expect):
        raise BadBody(f"an answer without {', '.join(expect)}", code="envelope_invalid")
    return body
