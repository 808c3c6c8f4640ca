"""Creators: those of campaigns, and profiles that are configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..extraction.table_reader import TableReader
from ..landing.batch import Batch
from ..landing.held import Key, Lookup, Stored
from ..landing.rows import identifier
from .client import CREATOR_ID, TokfluenceClient
from .scope import Scope
from .tables import CREATORS


async def read_creator(
    creator: str, client: TokfluenceClient, scope: Scope, lookup: Lookup, rows: Batch
) -> None:
    """One profile, by handle or tkc_ id."""
    raw = await client.get_creator(creator)
    creator_id = identifier(raw, *CREATOR_ID) or ""
    held = lookup(scope.tenant, [creator_id])
    put_creator(scope, raw, rows, held.of(CREATORS, creator_id))


def put_creator(
    scope: Scope,
    raw: Any,
    rows: Batch,
    stored: Mapping[Key, Stored],
    *,
    in_campaign: bool = False,
) -> None:
    """The creator's row. A campaign says little of a creator: a profile's payload stays."""
    reader = TableReader(CREATORS, rows, scope.now(), stored)
    row = reader.read(raw)
    if row is None:
        return
    before = stored.get(CREATORS.key_of(row))
    if in_campaign and before is not None:
        row["payload"] = before.row["payload"]
    row["first_seen_at"] = row["first_seen_at"] or scope.now()
    reader.put_row(row)
