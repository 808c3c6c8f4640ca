"""The index pass: one request tells which targets there are, and when each was measured last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..extraction.removal import mark_removed_accounts
from ..extraction.table_reader import TableReader
from ..http.errors import NotInPlan, Retriable, TryLater
from ..landing.batch import Batch
from ..landing.held import Lookup
from ..landing.rows import first, identifier
from .client import GenviralClient
from .handles import normalized
from .scope import Scope
from .tables import TARGETS
from .totals import has_totals, put_totals, refreshed_at

Row = dict[str, Any]


@dataclass
class Targets:
    """Listed targets by id; whose each (platform, handle) is."""

    rows: dict[str, Row] = field(default_factory=dict)
    owners: dict[tuple[str | None, str], str] = field(default_factory=dict)


async def read_targets(
    client: GenviralClient, scope: Scope, batch: Batch, lookup: Lookup, cursors: dict[str, Any]
) -> Targets:
    """All targets; rows of `targets` and, where the listing holds totals, `target_snapshots`.

    Raises TryLater when they cannot be listed.
    """
    found = await list_targets(client, scope, batch)
    if found is None:
        return Targets()
    targets, nameless = found
    _land(targets, nameless, scope, batch, lookup)
    if scope.only_accounts is None and not nameless:
        mark_removed_accounts(scope, TARGETS, targets.rows, batch, lookup, cursors)
    return targets


async def list_targets(
    client: GenviralClient, scope: Scope, batch: Batch
) -> tuple[Targets, list[Row]] | None:
    """All targets, and rows that name none; None when the plan refuses them. Raises TryLater when
    they cannot be listed."""
    try:
        listed = await client.list_targets()
    except NotInPlan as error:
        scope.refused("targets", None, error, batch)
        return None
    except Retriable as error:
        message = f"the targets cannot be listed: {error.message}"
        raise TryLater(message, code="provider_down", status=error.status) from error
    targets, nameless = Targets(), list[Row]()
    for raw in listed:
        if (target_id := identifier(raw, "target_id", "id")) is None:
            nameless.append(raw)
        else:
            targets.rows[target_id] = raw
            targets.owners[(first(raw, "platform"), normalized(_handle(raw)))] = target_id
    return targets, nameless


def _handled(raw: Row) -> Row:
    """The row with its handle in comparable form, which only newer answers have."""
    return {"normalized_identifier": normalized(_handle(raw)) or None} | raw


def _handle(raw: Row) -> Any:
    return first(raw, "normalized_identifier", "identifier")


def _land(
    targets: Targets, nameless: list[Row], scope: Scope, batch: Batch, lookup: Lookup
) -> None:
    held, now, tally = lookup(scope.tenant, list(targets.rows)), scope.now(), scope.notes
    for target_id, raw in targets.rows.items():
        if not scope.chooses(target_id):
            continue
        stored = held.of(TARGETS, target_id)
        reader = TableReader(TARGETS, batch, now, stored, account_id=target_id)
        if "targets" in scope.streams:
            reader.see(_handled(raw), {"target_id": target_id})
        if "target_snapshots" in scope.streams and has_totals(raw):
            put_totals(target_id, raw, refreshed_at(raw), batch, held, now)
    for raw in nameless if scope.leads else ():
        TableReader(TARGETS, batch, now, {}).reject("target_id: the key is missing", raw)
    counts = tally.tally("targets")
    counts.rows, counts.rejected = len(targets.rows) + len(nameless), len(nameless)
    counts.changed = batch.count("targets")
    scope.notes.complete(
        batch,
        now,
        "targets",
        "unproven" if nameless else "proven",
        "the listing is not paginated",
        landed=len(targets.rows),
    )
