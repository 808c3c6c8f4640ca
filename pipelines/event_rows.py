"""Webhook events and the warehouse: which account an event leads to, and its row once handled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from sources.landing import payload
from sources.landing.batch import Batch
from sources.landing.values import Unusable, timestamp
from sources.tokportal.webhooks import WEBHOOK_EVENTS, Event

from .destinations import Warehouse
from .inbox import Waiting

SCHEMA = "tokportal"


@dataclass(frozen=True)
class Handled:
    """A stored event and what became of it. `run_id`: the sync that was run for its account."""

    waiting: Waiting
    account_id: str | None
    outcome: str
    handled_at: datetime
    run_id: str | None


@dataclass
class Knowledge:
    """What the warehouse knows of the ids in some events; empty before the first sync."""

    tenants: dict[str, str] = field(default_factory=dict)  # of accounts
    bundles: dict[str, tuple[str | None, str]] = field(default_factory=dict)  # account, tenant
    recorded: set[str] = field(default_factory=set)  # event ids

    def account_of(self, event: Event) -> str | None:
        """The account to sync for an event; None when nothing leads to one.

        An `account_id` may be that of a listing, which no analytics endpoint knows: it is taken at
        its word only when the warehouse knows it, or when nothing better is there.
        """
        if event.saved_account_id:
            return event.saved_account_id
        if event.account_id in self.tenants:
            return event.account_id
        account_id, _ = self.bundles.get(event.bundle_id or "", (None, ""))
        return account_id or event.account_id

    def tenant_of(self, one: Handled) -> str:
        """Whose event it is: the key that knows its account or bundle."""
        _, of_bundle = self.bundles.get(one.waiting.event.bundle_id or "", (None, "default"))
        return self.tenants.get(one.account_id or "", of_bundle)


def known(warehouse: Warehouse, events: Sequence[Event]) -> Knowledge:
    """What the warehouse knows of the ids in these events."""
    accounts = {id_ for event in events for id_ in (event.saved_account_id, event.account_id)}
    bundles = _rows(
        warehouse, "bundles", ("bundle_id", "account_id", "tenant"), {e.bundle_id for e in events}
    )
    accounts |= {account_id for _, account_id, _ in bundles}
    tenants = _rows(warehouse, "accounts", ("account_id", "tenant"), accounts)
    recorded = _rows(
        warehouse, WEBHOOK_EVENTS.name, ("event_id",), {event.event_id for event in events}
    )
    return Knowledge(
        dict(tenants),
        {bundle_id: (account_id, tenant) for bundle_id, account_id, tenant in bundles},
        {event_id for (event_id,) in recorded},
    )


def _rows(
    warehouse: Warehouse, table: str, columns: tuple[str, ...], ids: Iterable[str | None]
) -> list[tuple[Any, ...]]:
    """The named columns of the rows with these ids; the first column is the id."""
    wanted = sorted({id_ for id_ in ids if id_})
    if not wanted or not set(columns) <= warehouse.tables(SCHEMA).get(table, set()):
        return []
    places = ", ".join("?" * len(wanted))
    sql = f"select {', '.join(columns)} from {SCHEMA}.{table} where {columns[0]} in ({places})"
    return warehouse.query(sql, wanted)


def record(warehouse: Warehouse, handled: Sequence[Handled]) -> None:
    """Write the rows that are not there yet, all or none. Raises Stop when it fails."""
    knowledge = known(warehouse, [one.waiting.event for one in handled])
    batches: dict[str, Batch] = {}
    for one in handled:
        if one.waiting.event.event_id not in knowledge.recorded:
            if one.outcome == "synced" and one.account_id not in knowledge.tenants:
                one = replace(one, outcome="no_account")  # not in any listing of ours
            tenant = knowledge.tenant_of(one)
            batch = batches.setdefault(tenant, Batch(tenant, one.run_id or "", [WEBHOOK_EVENTS]))
            batch.note(WEBHOOK_EVENTS, one.waiting.received_at, **_row(one))
    rows = [batch.arrow()[WEBHOOK_EVENTS.name] for batch in batches.values()]
    if rows:
        warehouse.prepare(SCHEMA, [WEBHOOK_EVENTS])
        warehouse.put(SCHEMA, WEBHOOK_EVENTS, pa.concat_tables(rows))


def _row(one: Handled) -> dict[str, Any]:
    event = one.waiting.event
    return {
        "event_id": event.event_id,
        "type": event.type,
        "account_id": one.account_id,
        "bundle_id": event.bundle_id,
        "created_at": _time(event.created_at),
        "received_at": one.waiting.received_at,
        "handled_at": one.handled_at,
        "outcome": one.outcome,
        "run_id": one.run_id,
        "payload": payload.dump(event.body),
    }


def _time(text: str | None) -> datetime | None:
    try:
        return timestamp(text) if text else None
    except Unusable:
        return None
