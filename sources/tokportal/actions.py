"""TokPortal's verbs that act, one method per endpoint. No sync ever calls them.

A POST is sent once (developers.tokportal.com/analytics, "Refresh Analytics" and "HTML Reports"):
after a Retriable error its outcome is unknown and has to be looked up. Older and newer generation
answer `can-refresh` differently: a monthly quota in one, a source in the other; both are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ..http.client import HttpClient
from ..http.egress import path
from ..http.errors import BadBody, NoDataYet, NotFound, NotInPlan, Refused
from ..http.redaction import register, shown
from ..landing.rows import first, identifier
from ..landing.values import Unusable, bigint, boolean, timestamp
from .client import ACCOUNT_ID, TokPortalClient, object_of
from .tables import ACCOUNT_SNAPSHOTS

COOLDOWN, QUOTA = "analytics_cooldown", "analytics_quota_exceeded"

_CAN_REFRESH = "/accounts/{id}/analytics/can-refresh"
_REFRESH = "/accounts/{id}/analytics/refresh"
_REPORTS = "/analytics/export/reports"
_CAPTURED_AT = ACCOUNT_SNAPSHOTS.by_name["captured_at"].aliases
_URL = ("url", "public_url", "publicUrl", "report_url", "reportUrl", "share_url", "shareUrl")


@dataclass(frozen=True)
class Availability:
    """Whether an account may be refreshed now, as far as the provider says.

    `allowed` is None when it does not say. Quota counts refreshes per calendar month over the whole
    organisation; None where no quota is spoken of (newer generation).
    """

    allowed: bool | None
    next_refresh_at: datetime | None = None
    quota_limit: int | None = None
    quota_used: int | None = None
    source: str | None = None

    @property
    def quota_left(self) -> int | None:
        """Refreshes left this month; None when there is no quota."""
        if self.quota_limit is None or self.quota_used is None:
            return None
        return max(0, self.quota_limit - self.quota_used)


@dataclass(frozen=True)
class ReportOrder:
    """What a report is about. Days are UTC days, both inclusive; None leaves it to the provider."""

    title: str | None = None
    account_ids: Sequence[str] = ()
    first_day: str | None = None
    last_day: str | None = None

    def body(self) -> dict[str, Any]:
        said = {
            "title": self.title,
            "accountIds": list(self.account_ids) or None,
            "from": self.first_day,
            "to": self.last_day,
        }
        return {name: value for name, value in said.items() if value is not None}


class TokPortalActions:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http, self._client = http, TokPortalClient(http)

    async def list_account_ids(self) -> list[str]:
        """Every account of the key."""
        return list((await self._client.list_accounts()).rows)

    async def can_refresh(self, account_id: str) -> Availability:
        """Whether a refresh is possible now. Changes nothing."""
        where = path("accounts", account_id, "analytics", "can-refresh")
        return await self._http.get(where, endpoint=_CAN_REFRESH, read=_availability)

    async def refresh(self, account_id: str, *, force: bool = False) -> str:
        """Ask for a new capture; returns the provider's `status` (scrape_queued, refreshed).

        `force` asks it to overlook its dedupe window. Sent once, whatever comes back.
        """
        body = {
            "includePosts": True,
            "includeComments": True,
            "postLimit": 20,
            "force": force,
            "forcePosts": False,
            "bootstrapPosts": False,
        }
        where = path("accounts", account_id, "analytics", "refresh")
        return await self._http.post(where, body, endpoint=_REFRESH, read=_status)

    async def list_captures(self) -> dict[str, datetime]:
        """When each account was measured last (UTC), as far as the dashboard says."""
        rows = (await self._client.get_dashboard()).get("accounts")
        found = {}
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and (account_id := identifier(row, *ACCOUNT_ID)):
                latest = row.get("latest")
                if isinstance(latest, dict) and (captured_at := _captured_at(latest)):
                    found[account_id] = captured_at
        return found

    async def latest_capture(self, account_id: str) -> datetime | None:
        """When the provider measured the account last (UTC); None when it never did.

        By the drilldown, else by the older endpoint: the only one for the first generation.
        """
        for ask in (self._client.get_account_analytics, self._client.get_account_totals):
            try:
                captured_at = _captured_at(await ask(account_id))
            except (NoDataYet, NotFound, NotInPlan):
                continue
            if captured_at:
                return captured_at
        return None

    async def create_report(self, order: ReportOrder) -> str:
        """Publish a report; returns its address, which whoever has it can read."""
        return await self._http.post(
            path("analytics", "export", "reports"), order.body(), endpoint=_REPORTS, read=_url
        )

    async def get_report_html(self, order: ReportOrder) -> bytes:
        """The report as one HTML page."""
        return await self._http.post(
            path("analytics", "export", "reports", "html"),
            order.body(),
            endpoint=f"{_REPORTS}/html",
            read=_html,
            parse=lambda body, _: body,
        )


def _availability(body: Any) -> Availability:
    said = object_of(body, ("can_refresh", "next_refresh_at"))
    try:
        next_at = first(said, "next_refresh_at")
        allowed = first(said, "can_refresh")
        quota = (first(said, f"monthly_quota.{name}") for name in ("limit", "used"))
        limit, used = (None if value is None else bigint(value) for value in quota)
        return Availability(
            None if allowed is None else boolean(allowed),
            None if next_at is None else timestamp(next_at),
            limit,
            used,
            first(said, "source"),
        )
    except Unusable as reason:
        raise BadBody(f"can-refresh: {reason}", code="envelope_invalid") from None


def _status(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):  # a refusal under a success status: the code decides all the same
        raise Refused(shown(str(error.get("message"))), code=shown(str(error.get("code")), 64))
    return str(first(object_of(body, ("status", "account_id")), "status") or "accepted")


def _captured_at(said: dict[str, Any]) -> datetime | None:
    payload = said.get("analytics_v2")
    for place in (said, payload if isinstance(payload, dict) else {}):
        try:
            if (value := first(place, *_CAPTURED_AT)) is not None:
                return timestamp(value)
        except Unusable:
            continue
    return None


def _url(body: Any) -> str:
    said = object_of(body, ("token", *_URL))
    if isinstance(token := first(said, "token", "report_token"), str):
        register(token)  # whoever has it can read the report: no message may hold it
    url = first(said, *_URL)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise BadBody("the report is made, but the answer holds no address", code="no_url")
    return url


def _html(page: bytes) -> bytes:
    if b"<" not in page[:1000]:
        raise BadBody("an answer that is no HTML page", code="not_html")
    return page
