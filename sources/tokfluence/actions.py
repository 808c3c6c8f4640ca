"""Tokfluence's verb that acts: a fresh analysis, 25 credits per address. No sync ever calls it.

The POST is sent once (docs/posts, docs/errors): after a Retriable error its outcome is unknown, and
is looked up in the balance, which an order lowers before the work. Repeated by hand under the same
`request_id` it is answered with 409 and not charged again, also when the first one was refunded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..http.client import HttpClient
from ..http.egress import path
from ..http.errors import Refused
from ..http.pagination import rows_of
from ..landing.rows import first, identifier
from .addresses import post_id_in

CREDITS_PER_URL = 25
MAX_URLS = 50
_DUPLICATE = "duplicate_request"


class OrderedBefore(Refused):
    """An order of this `request_id` was accepted before. Whether it was refunded is not told."""

    code = _DUPLICATE
    remedy = "Look the order up in the ledger of credits before it is believed or sent again."


@dataclass(frozen=True)
class Analysis:
    """What became of one address. `status`: analyzed, fresh (charged too), queued, failed …"""

    url: str
    post_id: str | None
    status: str


class TokfluenceActions:
    """Each method is an endpoint; each raises a ProviderError when there is no usable answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def analyze(
        self, urls: Sequence[str], request_id: str, *, force: bool = False
    ) -> list[Analysis]:
        """Have up to 50 videos fetched anew; their figures are in the index a little later.

        `force` pays even for those that are fresh in the provider's eyes. Raises OrderedBefore for
        an order that was accepted before under this `request_id`, which costs nothing.
        """
        ordered = list(dict.fromkeys(urls))  # repeats are billed
        _check(ordered)
        try:
            return await self._http.post(
                path("posts", "analyze"),
                {"urls": ordered, "force": force},
                endpoint="/posts/analyze",
                read=_analyses,
                price=CREDITS_PER_URL * len(ordered),
                request_id=request_id,
            )
        except Refused as error:
            if error.code != _DUPLICATE:
                raise
            raise OrderedBefore(error.message, status=error.status) from error


def _check(urls: Sequence[str]) -> None:
    """Raises Refused for an order that would cost credits and bring nothing."""
    if not 0 < len(urls) <= MAX_URLS:
        raise Refused(f"{len(urls)} addresses; 1 to {MAX_URLS} are taken", code="bad_order")
    for url in urls:
        if post_id_in(url) is None:
            raise Refused(f"{url[:200]!r} is no address of a TikTok video", code="bad_order")


def _analyses(body: Any) -> list[Analysis]:
    return [
        Analysis(
            url=str(first(row, "url") or ""),
            post_id=identifier(row, "postId", "post_id", "id"),
            status=str(first(row, "status") or "unknown").lower(),
        )
        for row in rows_of(body, "results", "posts")
        if isinstance(row, dict)
    ]
