"""Genviral's verb that acts: measure a target anew. No sync ever calls it.

One refresh a day is free per target; further ones cost credits, which is documented by an example
of 1 and told by each answer. The POST is sent once (docs.genviral.io, "Refresh Analytics Target"):
after a Retriable error its outcome is unknown and has to be looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..http.budget import CreditsTooLow
from ..http.client import HttpClient
from ..http.egress import path
from ..http.errors import BadBody, NotInPlan
from ..http.redaction import shown
from ..landing.rows import first, identifier
from ..landing.values import Unusable, bigint, boolean
from .client import GenviralClient, Row, object_of
from .totals import refreshed_at

CREDITS_ABOUT = 1
CONFLICT = "analytics_conflict"  # a refresh of the target runs already, started by anybody

_OF_THE_PLAN = "subscription_required"


@dataclass(frozen=True)
class Refreshing:
    """A refresh as the provider tells it. `status`: pending, processing, completed, failed.

    `free` is None where it does not say; `credits` is 0 for a free one, and about 1 for another of
    which the price is not said.
    """

    refresh_id: str | None
    status: str
    free: bool | None
    credits: int
    error: str


@dataclass(frozen=True)
class Freshness:
    """How old a target's figures are, and whether today's free refresh is still there; None where
    it is not said."""

    refreshed_at: datetime | None
    free: bool | None


class GenviralActions:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http, self._client = http, GenviralClient(http)

    async def list_targets(self) -> list[Row]:
        """Every target of the key."""
        return list((await self._client.list_targets()).rows.values())

    async def get_freshness(self, target_id: str) -> Freshness:
        """What the target itself says. Changes nothing."""
        said = await self._client.get_target(target_id)
        target = said.get("target")
        return freshness(target if isinstance(target, dict) else said)

    async def get_credits_left(self) -> int | None:
        """Credits of this period; None where the plan does not say."""
        said = await self._client.get_subscription()
        return _whole(first(said, "subscription.credits.remaining", "credits.remaining"))

    async def refresh(self, target_id: str) -> Refreshing:
        """Ask for new figures. Sent once, whatever comes back. Raises CreditsTooLow."""
        where = path("analytics", "targets", target_id, "refresh")
        endpoint = "/analytics/targets/{id}/refresh"
        try:
            return await self._http.post(where, None, endpoint=endpoint, read=_refreshing)
        except NotInPlan as error:
            if _lacks_credits(error):
                raise CreditsTooLow(error.message, code=error.code) from error
            raise

    async def get_refresh(self, refresh_id: str) -> Refreshing:
        """How far a refresh is."""
        where = path("analytics", "refreshes", refresh_id)
        return await self._http.get(where, endpoint="/analytics/refreshes/{id}", read=_refreshing)


def freshness(target: Row) -> Freshness:
    """What a target's row says, in the listing or by itself."""
    free = first(target, "free_refresh_available", "freeRefreshAvailable")
    return Freshness(refreshed_at(target), _truth(free))


def _lacks_credits(error: NotInPlan) -> bool:
    """402 speaks of the plan or of credits; of the latter the code is not documented."""
    return error.code != _OF_THE_PLAN and (error.status == 402 or "credit" in error.code)


def _refreshing(body: Any) -> Refreshing:
    data = object_of(body)
    inner = data.get("refresh")
    said = inner if isinstance(inner, dict) else data
    if (status := first(said, "status")) is None:
        raise BadBody("a refresh without a status", code="envelope_invalid")
    free = _truth(
        first(data, "wasFree", "was_free", "refresh.free_refresh_used", "free_refresh_used")
    )
    cost = _whole(first(said, "credits_used", "creditsUsed"))
    return Refreshing(
        identifier(said, "id", "refresh_id"),
        shown(str(status), 40).lower(),
        free,
        cost if cost is not None else CREDITS_ABOUT * (free is not True),
        shown(str(first(said, "error") or "")),
    )


def _whole(value: Any) -> int | None:
    try:
        return None if value is None else bigint(value)
    except Unusable:
        return None


def _truth(value: Any) -> bool | None:
    try:
        return None if value is None else boolean(value)
    except Unusable:
        return None
