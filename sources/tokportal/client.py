"""TokPortal's read API, one method per endpoint (developers.tokportal.com). Knows HTTP, not dlt.

Answers come with or without a `data` envelope, and lists under several names; each method says what
it takes for an answer and hands the provider's JSON on unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..http.answers import Codes
from ..http.body import LISTING_CAPS, PAGE_CAPS, Caps
from ..http.client import HttpClient, Params
from ..http.egress import path
from ..http.errors import BadBody
from ..http.pagination import (
    Listing,
    Page,
    read_page,
    read_whole_list,
    rows_of,
    walk_pages,
)
from ..landing.rows import identifier

Row = dict[str, Any]

PER_PAGE = 100  # the documented maximum; defaults differ from page to page, so it is always sent
RAW_LIMIT = 30  # likewise, for both raw endpoints
COMMENT_LIMIT = 50

# Where a list may stand when it is not under `data` itself; the endpoint's own word comes first.
LIST_NAMES = ("rows", "items", "results", "snapshots", "comments", "points", "posts")

ACCOUNT_ID = ("id", "account_id", "saved_account_id")
POST_ID = ("tracked_post_id", "id")
BUNDLE_ID = ("id", "bundle_id")

CODES = Codes(
    no_data=frozenset({"analytics_not_found", "video_analytics_not_found"}),
    ours_alone=frozenset({"saved_account_not_owned", "account_not_owned", "bundle_not_owned"}),
)


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
            caps=LISTING_CAPS,
        )

    async def list_accounts(self) -> Listing:
        """All saved accounts, by id; walked until it is as long as its own total."""

        async def ask(number: int) -> Page:
            params = [("page", str(number)), ("per_page", str(PER_PAGE))]
            return await self._page(path("accounts"), params, number, "/accounts", "accounts")

        # Listed at every run, and removal takes two listings: one walk is enough.
        return await walk_pages(ask, lambda row: identifier(row, *ACCOUNT_ID), twice=False)

    async def count_accounts(self) -> int | None:
        """How many saved accounts there are, as the listing's first page says."""
        params = [("page", "1"), ("per_page", "1")]
        return (await self._page(path("accounts"), params, 1, "/accounts", "accounts")).total

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

    async def count_videos(self, account_id: str) -> int | None:
        """How many posts of an account are tracked."""
        params = [("page", "1"), ("per_page", "1")]
        where = path("accounts", account_id, "analytics", "videos")
        endpoint = "/accounts/{id}/analytics/videos"
        return (await self._page(where, params, 1, endpoint, "videos", "posts")).total

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

    async def get_comment_pulse(self, workspace: str | None = None) -> Row:
        """Comments sampled over the top posts, and their analysis; the documented defaults."""
        return await self._object(
            path("analytics", "comments"),
            [("workspace", workspace)] if workspace else [],
            endpoint="/analytics/comments",
            expect=("comments", "analysis", "sampled_posts"),
        )

    async def export_videos(self, accounts: Sequence[str] = ()) -> str:
        """All posts in scope, or of these accounts, as CSV in one answer."""
        return await self._http.get_text(
            path("analytics", "export", "videos"),
            [("account", account_id) for account_id in accounts],
            endpoint="/analytics/export/videos",
            accept="text/csv",
            read=lambda text: text,
        )

    async def list_bundles(self) -> Listing:
        """All bundles, by id."""
        return await self._listing(path("bundles"), "/bundles", BUNDLE_ID, "bundles")

    async def list_account_bundles(self, account_id: str) -> Listing:
        """The bundles that delivered an account, or more videos for it."""
        where, endpoint = path("accounts", account_id, "bundles"), "/accounts/{id}/bundles"
        return await self._listing(where, endpoint, BUNDLE_ID, "bundles")

    async def list_bundle_videos(self, bundle_id: str) -> Listing:
        """Every video of a bundle, by its place in it; not paginated."""
        where, names = path("bundles", bundle_id, "videos"), ("videos", *LIST_NAMES)

        def read(body: Any) -> Listing:
            rows = rows_of(body, *names)
            return read_whole_list(body, rows, lambda row: identifier(row, "position"))

        return await self._http.get(where, (), endpoint="/bundles/{id}/videos", read=read)

    async def list_bans(self, since: str | None) -> Listing:
        """Confirmed bans updated at or after a moment; without screenshots, whose URLs expire."""
        params = [("since", since)] if since else []
        where = path("account-bans")
        return await self._listing(where, "/account-bans", ("id",), "bans", params=params)

    async def list_credit_transactions(self, date_from: str | None) -> Listing:
        """Bookings created on a day or later."""
        params = [("date_from", date_from)] if date_from else []
        where, names = path("credits", "history"), ("transactions", "history")
        return await self._listing(where, "/credits/history", ("id",), *names, params=params)

    async def list_webhooks(self) -> Listing:
        """Registered webhook endpoints; their secrets are told only at creation."""
        names = ("webhooks", "endpoints")
        return await self._listing(path("webhooks"), "/webhooks", ("id",), *names)

    async def list_deliveries(self, webhook_id: str, number: int) -> Page:
        """A page of what was sent to an endpoint."""
        params = [("page", str(number)), ("per_page", str(PER_PAGE))]
        where, endpoint = path("webhooks", webhook_id, "deliveries"), "/webhooks/{id}/deliveries"
        return await self._page(where, params, number, endpoint, "deliveries")

    async def _listing(
        self,
        where: str,
        endpoint: str,
        ids: tuple[str, ...],
        *names: str,
        params: Params = (),
    ) -> Listing:
        async def ask(number: int) -> Page:
            paged = [*params, ("page", str(number)), ("per_page", str(PER_PAGE))]
            return await self._page(where, paged, number, endpoint, *names)

        return await walk_pages(ask, lambda row: identifier(row, *ids))

    async def _object(
        self,
        where: str,
        params: Params = (),
        *,
        endpoint: str,
        expect: tuple[str, ...] = (),
        caps: Caps = PAGE_CAPS,
    ) -> Row:
        def read(body: Any) -> Row:
            return object_of(body, expect)

        return await self._http.get(where, params, endpoint=endpoint, read=read, caps=caps)

    async def _rows(self, where: str, params: Params, endpoint: str, *names: str) -> list[Row]:
        return await self._http.get(
            where, params, endpoint=endpoint, read=lambda body: rows_of(body, *names, *LIST_NAMES)
        )

    async def _page(
        self, where: str, params: Params, number: int, endpoint: str, *names: str
    ) -> Page:
        def read(body: Any) -> Page:
            return read_page(body, rows_of(body, *names, *LIST_NAMES), number, PER_PAGE)

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
