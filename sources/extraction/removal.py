"""Accounts that are no longer listed.

An account is removed after two complete listings in a row without it. A listing that shrinks by
more than a fifth removes nothing: that is how a half-answered listing looks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ..http.errors import Skippable
from ..landing.batch import Batch
from ..landing.days import iso, parse
from ..landing.held import Lookup
from ..landing.tables import Table
from .scope import Scope


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
    table of accounts."""
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
        batch.put(
            table,
            stored.row
            | {
                "removed_at": since or now,
                "last_seen_at": last_seen or stored.row["last_seen_at"],
                "fetched_at": now,
            },
        )
