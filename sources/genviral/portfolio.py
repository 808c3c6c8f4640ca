"""The index pass: one request tells which targets there are, and when each was measured last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..extraction.plan import pages
from ..extraction.proof import Proof, prove_listing
from ..extraction.removal import mark_removed_accounts
from ..extraction.table_reader import TableReader
from ..http.errors import NotInPlan, Retriable, TryLater
from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.held import Lookup
from ..landing.rows import Reject, first
from .client import PAGE, GenviralClient
from .handles import normalized
from .scope import Scope
from .tables import TARGETS
from .totals import has_totals, put_totals, refreshed_at

Row = dict[str, Any]


@dataclass
class Targets:
    """Listed targets by id; whose each (platform, handle) is."""

    listing: Listing = field(default_factory=Listing)
    owners: dict[tuple[str | None, str], str] = field(default_factory=dict)
    reads_all: bool = False

    @property
    def rows(self) -> dict[str, Row]:
        """Targets by id, as they were served."""
        return self.listing.rows


async def read_targets(
    client: GenviralClient, scope: Scope, batch: Batch, lookup: Lookup, cursors: dict[str, Any]
) -> Targets:
    """All targets; rows of `targets` and, where the listing holds totals, `target_snapshots`.

    Raises TryLater when they cannot be listed.
    """
    targets = await list_targets(client, scope, batch)
    if targets is None:
        return Targets()
    proof = _land(targets, scope, batch, lookup)
    if scope.only_accounts is None and proof.complete:
        mark_removed_accounts(scope, TARGETS, targets.rows, batch, lookup, cursors)
    return targets


def are_few(targets: Targets, scope: Scope, cursors: dict[str, Any]) -> bool:
    """Whether all posts of all targets cost few enough requests to be read once a day, by the
    counts of the last full readings. False while one is not known."""
    known = cursors.get("accounts", {})
    totals = [known.get(name, {}).get("posts", {}).get("total") for name in targets.rows]
    requests = sum(max(1, pages(total, PAGE)) for total in totals if total is not None)
    return None not in totals and requests <= scope.options.whole_requests_per_day


async def list_targets(client: GenviralClient, scope: Scope, batch: Batch) -> Targets | None:
    """All targets; None when the plan refuses them. Raises TryLater when they cannot be listed."""
    try:
        listing = await client.list_targets()
    except NotInPlan as error:
        scope.refused("targets", None, error, batch)
        return None
    except Retriable as error:
        message = f"the targets cannot be listed: {error.message}"
        raise TryLater(message, code="provider_down", status=error.status) from error
    owners = {
        (first(raw, "platform"), normalized(_handle(raw))): target_id
        for target_id, raw in listing.rows.items()
    }
    return Targets(listing, owners)


def _handled(raw: Row) -> Row:
    """The row with its handle in comparable form, which only newer answers have."""
    return {"normalized_identifier": normalized(_handle(raw)) or None} | raw


def _handle(raw: Row) -> Any:
    return first(raw, "normalized_identifier", "identifier")


def _land(targets: Targets, scope: Scope, batch: Batch, lookup: Lookup) -> Proof:
    """Rows of the targets that this run is about, and whether a target that is not listed is
    gone."""
    held, now, notes = lookup(scope.tenant, list(targets.rows)), scope.now(), scope.notes
    nameless = targets.listing.nameless
    proof = _prove(targets, scope, batch)
    for target_id, raw in targets.rows.items():
        if not scope.chooses(target_id):
            continue
        stored = held.of(TARGETS, target_id)
        reader = TableReader(TARGETS, batch, now, stored, account_id=target_id)
        if "targets" in scope.streams:
            reader.put(_handled(raw), {"target_id": target_id})
            reader.conclude(proof, held, everything=False)
        if "target_snapshots" in scope.streams and has_totals(raw):
            put_totals(target_id, raw, refreshed_at(raw), batch, held, now)
    for raw in nameless if scope.leads else ():
        TableReader(TARGETS, batch, now, {}).reject("target_id: the key is missing", raw)
    counts = notes.tally("targets")
    counts.rows, counts.rejected = targets.listing.found, batch.rejected("targets")
    counts.changed = batch.count("targets")
    notes.complete(batch, now, "targets", proof, "targets in the table = targets listed")
    return proof


def _prove(targets: Targets, scope: Scope, batch: Batch) -> Proof:
    """By all rows of the listing, also those of other workers' targets."""
    reader, now = batch.reader(TARGETS), scope.now()
    read = (
        reader.read(_handled(raw), now, {"target_id": target_id})
        for target_id, raw in targets.rows.items()
    )
    unread = sum(isinstance(said, Reject) for said in read)
    rejected = unread + len(targets.listing.nameless)
    proof = prove_listing(targets.listing, len(targets.rows) - unread, rejected)
    return proof.without(scope.forgotten(targets.rows))
