"""Creators: those of campaigns, and profiles that are configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..extraction.table_reader import TableReader
from ..landing.batch import Batch
from ..landing.held import Key, Lookup, Stored
from ..landing.rows import first, identifier
from .addresses import cleaned
from .client import CREATOR_ID, TokfluenceClient
from .scope import Scope
from .tables import CREATORS


async def read_creator(
    creator: str, client: TokfluenceClient, scope: Scope, lookup: Lookup, rows: Batch
) -> None:
    """One profile, by handle or tkc_ id."""
    raw = await client.get_creator(creator)
    creator_id = creator_key(raw) or ""
    held = lookup(scope.tenant, [creator_id])
    put_creator(scope, raw, rows, held.of(CREATORS, creator_id))


def creator_key(raw: Any) -> str | None:
    """The creator's id; the handle where the row has no other name. None where it has neither."""
    if (found := identifier(raw, *CREATOR_ID)) is not None:
        return found
    handle = first(raw, *CREATORS.by_name["username"].aliases) if isinstance(raw, dict) else None
    return cleaned(handle)


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
    key = creator_key(raw)
    row = reader.read(raw, {"creator_id": key} if key else None)
    if row is None:
        return
    before = stored.get(CREATORS.key_of(row))
    if in_campaign and before is not None:
        row["payload"] = before.row["payload"]
    reader.put_row(row)
