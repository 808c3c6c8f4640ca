"""Genviral's read API, one method per endpoint (docs.genviral.io). Knows HTTP, not dlt.

Every answer is `{ok, code, message, data?, error_code?}`; `code` mirrors the HTTP status and both
are looked at. Rows are handed on unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from ..http.body import LISTING_CAPS, PAGE_CAPS, Caps
from ..http.client import HttpClient, Params
from ..http.egress import path
from ..http.errors import BadBody, NotFound, NotInPlan, Refused, Retriable
from ..http.pagination import Listing, read_whole_list, rows_of, stated_total, whole
from ..http.redaction import shown
from ..landing.rows import first, identifier

Row = dict[str, Any]

PAGE = 100  # the documented maximum; the default is 50
MAX_OFFSET = 10_000

TARGET_ID = ("target_id", "id")
ACCOUNT_ID = ("account_id", "id")
PUBLISHED_ID = ("post_id", "id")


@dataclass(frozen=True)
class Window:
    """UTC days, both inclusive; None, None: everything there is."""

    start: date | None = None
    end: date | None = None

    def params(self) -> Params:
        """`range` or `start` and `end`, never both: which of them would win is not documented."""
        if self.start is None or self.end is None:
            return [("range", "all")]
        return [("start", self.start.isoformat()), ("end", self.end.isoformat())]


@dataclass(frozen=True)
class PostPage:
    """One page of posts. `total` and `more` are None where the answer does not say;
    `total_unread`: it states a total that is no whole number."""

    rows: list[Row]
    total: int | None
    more: bool | None
    total_unread: bool = False


class GenviralClient:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def list_targets(self) -> Listing:
        """All tracked accounts in the key's scope; not paginated."""
        where, endpoint = path("analytics", "targets"), "/analytics/targets"
        return await self._list(where, (), endpoint, "targets", TARGET_ID, LISTING_CAPS)

    async def get_target(self, target_id: str) -> Row:
        """One target with its summary: the only place documented to hold profile figures."""
        where = path("analytics", "targets", target_id)
        return await self._object(where, (), "/analytics/targets/{id}")

    async def list_posts(
        self, target_id: str, window: Window, offset: int, size: int = PAGE
    ) -> PostPage:
        """A page of a target's posts, oldest first."""
        params = [
            ("accounts", target_id),
            *window.params(),
            ("sortBy", "published_at"),
            ("sortOrder", "asc"),
            ("limit", str(size)),
            ("offset", str(offset)),
        ]
        endpoint = "/analytics/summary/posts"
        where = path("analytics", "summary", "posts")
        return await self._http.get(where, params, endpoint=endpoint, read=_post_page)

    async def get_summary(self, target_id: str, window: Window) -> Row:
        """Figures and daily series of one target."""
        params = [("accounts", target_id), *window.params()]
        return await self._object(path("analytics", "summary"), params, "/analytics/summary")

    async def list_accounts(self) -> Listing:
        """The accounts that can be posted to: active ones only; not paginated."""
        where = path("accounts")
        return await self._list(where, (), "/accounts", "accounts", ACCOUNT_ID, LISTING_CAPS)

    async def list_published(self, window: Params) -> Listing:
        """Up to 100 posts made through Genviral in a window of time, and how many there are in it;
        no cursor: walk windows."""
        params = [("limit", str(PAGE)), *window]
        return await self._list(path("posts"), params, "/posts", "posts", PUBLISHED_ID)

    async def get_subscription(self) -> Row:
        """Plan and credits."""
        return await self._object(path("subscription"), (), "/subscription")

    async def _object(self, where: str, params: Params, endpoint: str) -> Row:
        return await self._http.get(where, params, endpoint=endpoint, read=object_of)

    async def _list(
        self,
        where: str,
        params: Params,
        endpoint: str,
        name: str,
        ids: tuple[str, ...],
        caps: Caps = PAGE_CAPS,
    ) -> Listing:
        def read(body: Any) -> Listing:
            rows = rows_of(data_of(body), name)
            return read_whole_list(body, rows, lambda row: identifier(row, *ids))

        return await self._http.get(where, params, endpoint=endpoint, read=read, caps=caps)


def data_of(body: Any) -> Any:
    """What is in the envelope. Raises for `ok: false` under a success status, as its code says."""
    if isinstance(body, dict) and body.get("ok") is False:
        raise _refusal(body)
    if not isinstance(body, dict) or "data" not in body:
        raise BadBody("an answer without `data`", code="envelope_invalid")
    return body["data"]


def object_of(body: Any) -> Row:
    """The object in the envelope."""
    data = data_of(body)
    if not isinstance(data, dict) or not data:
        raise BadBody("`data` is not an object with something in it", code="envelope_invalid")
    return data


def _refusal(body: Row) -> Exception:
    code, status = shown(str(body.get("error_code") or "refused"), 64), body.get("code")
    message = f"ok is false, {code} {shown(str(body.get('message') or ''), 300)}".strip()
    kinds = {402: NotInPlan, 403: NotInPlan, 404: NotFound}
    if isinstance(status, int) and 400 <= status < 500 and status not in (401, 408, 429):
        return kinds.get(status, Refused)(message, code=code)
    return Retriable(message, code=code)


def _post_page(body: Any) -> PostPage:
    data = data_of(body)
    more, said = first(data, "hasMore", "has_more"), stated_total(body)
    total = whole(said)
    return PostPage(
        rows_of(data, "posts"),
        total,
        more if isinstance(more, bool) else None,
        said is not None and total is None,
    )
