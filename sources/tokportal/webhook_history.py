"""Registered webhooks and what was sent to them (developers.tokportal.com/webhooks). Read only."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..extraction.offered import offered
from ..extraction.table_reader import TableReader, conclude_listing, narrowed
from ..extraction.work import Work
from ..http.errors import WalkError
from ..http.pagination import MAX_PAGES, Page
from ..landing.batch import Batch
from ..landing.held import Held
from .agency_tables import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS
from .client import TokPortalClient

Row = dict[str, Any]

# What a later attempt changes.
_DELIVERED = narrowed(
    WEBHOOK_DELIVERIES, "webhook_id", "success", "status_code", "attempts", "delivered_at"
)


async def read_webhooks(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """Every endpoint, and the newest deliveries of each."""
    listing = await offered(client.list_webhooks())
    target = rows if "webhook_endpoints" in work.scope.streams else rows.piece()
    stored = held.whole(narrowed(WEBHOOK_ENDPOINTS))
    reader = TableReader(WEBHOOK_ENDPOINTS, target, work.now(), stored)
    for raw in (*listing.rows.values(), *listing.nameless):
        row = reader.put(_without_secrets(raw))
        if row is not None:
            do = partial(read_deliveries, work, row["webhook_id"])
            work.add("webhook_deliveries", do, row["webhook_id"])
    proof = conclude_listing(work.scope, target, "webhook_endpoints", listing, reader)
    reader.conclude(proof, held, full=partial(held.whole, WEBHOOK_ENDPOINTS))


def _without_secrets(raw: Row) -> Row:
    return {name: value for name, value in raw.items() if "secret" not in name.lower()}


async def read_deliveries(
    work: Work, webhook_id: str, client: TokPortalClient, rows: Batch, held: Held
) -> None:
    """Pages from the newest on, until one brings nothing new and as many are known as there are."""
    stored = held.whole(_DELIVERED)
    reader = TableReader(WEBHOOK_DELIVERIES, rows, work.now(), stored, _DELIVERED)
    known = {key for key, held_row in stored.items() if held_row.row["webhook_id"] == webhook_id}
    read: set[tuple[Any, ...]] = set()
    for number in range(1, MAX_PAGES + 1):
        page = await offered(client.list_deliveries(webhook_id, number), "webhook_not_found")
        before, news = len(read), False
        for raw in page.rows:
            if (row := reader.read(raw, {"webhook_id": webhook_id})) is not None:
                news |= reader.put_row(row)
                read.add(WEBHOOK_DELIVERIES.key_of(row))
        if len(read) == before or _is_last(page, number) or not (news or _more(page, known | read)):
            return
    raise WalkError(f"more than {MAX_PAGES} pages of deliveries", code="too_many_pages")


def _is_last(page: Page, number: int) -> bool:
    return page.last is not None and number >= page.last


def _more(page: Page, known: set[tuple[Any, ...]]) -> bool:
    """Whether the provider has more than is known: newest first is not documented."""
    return page.total is not None and page.total > len(known)
