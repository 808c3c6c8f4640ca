"""Rows that are no longer listed.

A row is removed when a complete listing of its table lacks it, and what goes with it is removed
with it: an account's posts, a bundle's videos. An account is removed after two complete listings in
a row without it. A listing that shrinks by more than a fifth removes no account: that is how a
half-answered listing looks. A row that is listed again comes back, and what went with it too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from ..http.errors import Skippable
from ..landing.batch import Batch
from ..landing.days import iso, parse
from ..landing.held import Held, Key, Lookup, Stored
from ..landing.tables import Table
from .scope import Scope

Row = dict[str, Any]


class PortfolioShrank(Skippable):
    """Too many accounts went missing at once to believe it."""

    code = "portfolio_shrank"
    remedy = (
        "Nothing was marked removed. If they are really gone, run once with"
        " SOURCES__<PROVIDER>__SHRINK_LIMIT=1."
    )


def mark_removed_accounts(
    scope: Scope,
    table: Table,
    listed: Collection[str],
    batch: Batch,
    lookup: Lookup,
    cursors: dict[str, Any],
) -> None:
    """Compare a complete listing with the accounts that have cursors; write `removed_at` into the
    table of accounts, and into what goes with them."""
    now = scope.now()
    known, state = cursors.setdefault("accounts", {}), cursors.setdefault("listing", {})
    absent = [account_id for account_id in known if account_id not in listed]
    if len(absent) > scope.options.shrink_limit * len(known):
        error = PortfolioShrank(
            f"{len(absent)} of {len(known)} known accounts are missing from a listing of"
            f" {len(listed)}"
        )
        scope.notes.error(batch, now, error, "accounts")
        return
    missing = state.get("missing", {})
    gone = {account_id: missing[account_id] for account_id in absent if account_id in missing}
    _write_removed(table, batch, lookup, gone, now)
    state["missing"] = {
        account_id: {"since": iso(now), "last_seen": state.get("at")}
        for account_id in absent
        if account_id not in gone
    }
    state["at"] = iso(now)
    for account_id in gone:
        del known[account_id]


def _write_removed(
    table: Table, batch: Batch, lookup: Lookup, gone: dict[str, dict[str, str]], now: datetime
) -> None:
    held = lookup(batch.tenant, list(gone))
    for account_id, absence in gone.items():
        stored = held.of(table, account_id).get((account_id,))
        if stored is None:
            continue
        since, last_seen = parse(absence.get("since")), parse(absence.get("last_seen"))
        row = stored.row | {"last_seen_at": last_seen or stored.row["last_seen_at"]}
        remove(table, [row], since or now, batch, held, now)


def remove(
    table: Table, rows: Collection[Row], since: datetime, batch: Batch, held: Held, now: datetime
) -> None:
    """Mark stored rows of a table as gone since a moment, and what goes with them."""
    for row in rows:
        batch.put(table, row | {"removed_at": since, "fetched_at": now})
    for child, found in _going_with(table, rows, batch, held):
        there = [stored.row for stored in found.values() if stored.row["removed_at"] is None]
        remove(child, there, since, batch, held, now)


def bring_back(
    table: Table, rows: Collection[Row], batch: Batch, held: Held, now: datetime
) -> None:
    """Clear `removed_at` of what was removed with these rows: they are listed again. `rows` are as
    they were stored."""
    moments = {row["removed_at"] for row in rows} - {None}
    if not moments:
        return
    for child, found in _going_with(table, rows, batch, held):
        back = [stored.row for stored in found.values() if stored.row["removed_at"] in moments]
        for row in back:
            batch.put(child, row | {"removed_at": None, "fetched_at": now})
        bring_back(child, back, batch, held, now)


def back_with(parent: Stored | None, stored: Mapping[Key, Stored]) -> dict[Key, Stored]:
    """Stored rows as they stand after `bring_back`: what was removed with their parent is there."""
    moment = parent.row["removed_at"] if parent is not None else None
    return {
        key: Stored(each.row | {"removed_at": None}, each.completed)
        if moment is not None and each.row["removed_at"] == moment
        else each
        for key, each in stored.items()
    }


def _going_with(
    table: Table, rows: Collection[Row], batch: Batch, held: Held
) -> list[tuple[Table, Mapping[Key, Stored]]]:
    """Stored rows that name one of these rows as what they go with, by table."""
    children = [child for child in batch.tables.values() if child.goes_with == table.key[0]]
    if len(table.key) > 1 or not rows:
        return []
    keys = [row[table.key[0]] for row in rows]
    return [
        (child, held.among(child, child.goes_with or "", keys))
        for child in children
        if child is not table
    ]
