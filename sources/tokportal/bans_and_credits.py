"""Two histories with a documented way to ask only for what is new: bans and credits.

A cursor moves only after a listing that is proven complete, without a row that had to be rejected:
the order of rows is documented neither by developers.tokportal.com/saved-accounts nor by /credits.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from ..extraction.offered import offered
from ..extraction.table_reader import TableReader, conclude_listing, narrowed
from ..extraction.work import Work
from ..landing.batch import Batch
from ..landing.days import from_param, parse
from ..landing.held import Held
from .agency_tables import ACCOUNT_BANS, CREDIT_TRANSACTIONS
from .client import TokPortalClient
from .workspace import rows_of_workspace

Row = dict[str, Any]

_RESOLUTION = ("resolution", "reason_code", "refund_credits", "resolved_at")
# A booking does not change; these would show it if one did.
_BOOKED = narrowed(CREDIT_TRANSACTIONS, "type", "amount", "balance_after", "created_at")


async def read_bans(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """Reports updated since the newest that is known, that moment included."""
    since = work.cursors.get("account_bans", {}).get("since")
    every = await offered(client.list_bans(since))
    stored = held.whole(narrowed(ACCOUNT_BANS))
    listing = rows_of_workspace(work.scope, every, "account_id", stored)
    reader = TableReader(ACCOUNT_BANS, rows, work.now(), stored)
    found = [reader.put(flat(raw), keep=raw) for raw in (*listing.rows.values(), *listing.nameless)]
    proof = conclude_listing(work.scope, rows, "account_bans", listing, reader)
    everything, full = since is None, partial(held.whole, ACCOUNT_BANS)
    reader.conclude(proof, held, everything=everything, full=full)
    updated = [row["updated_at"] for row in found if row and row["updated_at"]]
    if proof.complete and updated:
        newest = max([*updated, *filter(None, [parse(since)])])
        work.moved["account_bans"] = {"since": from_param(newest)}


def flat(raw: Row) -> Row:
    """The report with the parts of its resolution beside its own; all null while it is open."""
    said = raw.get("resolution")
    if "resolution" not in raw or isinstance(said, str):
        return raw
    parts = said if isinstance(said, dict) else dict.fromkeys(_RESOLUTION)
    return raw | {name: parts[name] for name in _RESOLUTION if name in parts} | _no_object(parts)


def _no_object(parts: Row) -> Row:
    return {} if "resolution" in parts else {"resolution": None}


async def read_credits(work: Work, client: TokPortalClient, rows: Batch, held: Held) -> None:
    """Bookings since the day before the newest that is known: days may begin in another zone."""
    date_from = work.cursors.get("credit_transactions", {}).get("date_from")
    listing = await offered(client.list_credit_transactions(date_from))
    stored = held.whole(_BOOKED)
    reader = TableReader(CREDIT_TRANSACTIONS, rows, work.now(), stored, _BOOKED)
    booked = [row["created_at"] for row in reader.put_all(listing) if row["created_at"]]
    proof = conclude_listing(work.scope, rows, "credit_transactions", listing, reader)
    if proof.complete and booked:
        day = (max(booked) - timedelta(days=1)).date().isoformat()
        work.moved["credit_transactions"] = {"date_from": max(day, date_from or day)}
