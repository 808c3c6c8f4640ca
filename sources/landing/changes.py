"""New, changed, same: a row just read against the row that is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .held import Stored
from .rows import Said
from .tables import FIRST_READ, Table

Row = dict[str, Any]


def carried(
    table: Table,
    said: Said,
    stored: Stored | None,
    *,
    trust_nulls: bool = False,
    same_observation: bool = False,
) -> Row:
    """The row to keep: what the provider said now, and what it said before where it is silent now.

    A plan that no longer shows a field does not erase what was stored. An explicit null does where
    it is a fact: always for an erasable column, and for any with `trust_nulls` (the key sees
    everything, so null means "not measured"). Figures are kept within one observation only: beside
    newer ones they would blur the row, and they stand in the snapshot of their own moment.
    `same_observation`: it is known that both rows are of one.
    """
    if stored is None:
        return said.row
    row = dict(said.row)
    same_observation |= table.same_observation(row, stored.row)
    for column in table.columns:
        name = column.name
        a_fact = name in said.nulls and (trust_nulls or column.erasable)
        keeps = same_observation or not column.figure
        if row[name] is None and keeps and not a_fact:
            row[name] = stored.row.get(name)
    if row.get("payload") is None and table.payload:
        row["payload"] = stored.row.get("payload")
    return row


def differs(table: Table, row: Row, stored: Stored | None) -> bool:
    """Whether the row is worth writing: unknown, from a load that broke off, or changed."""
    if stored is None or not stored.completed:
        return True
    held = stored.row
    return any(c.compared and row[c.name] != held.get(c.name) for c in table.columns)


def mark_changes(table: Table, row: Row, stored: Stored | None, now: datetime) -> Row:
    """A point of a daily series with the times of its first reading and of its last changes.

    A point that was stored before these columns existed keeps NULL as its first reading, because
    nobody knows how old it was then. A figure that was unknown before does not count as changed.
    """
    if stored is None:
        return row | {FIRST_READ.name: now}
    changed = {
        column.name: now
        for column in table.columns
        if column.name.endswith("_changed_at")
        and _differ(row, stored.row, column.name.removesuffix("_changed_at"))
    }
    return row | changed


def _differ(row: Row, stored: Row, metric: str) -> bool:
    return stored.get(metric) is not None and row[metric] != stored[metric]


def filled(row: Row, other: Row) -> Row:
    """The row, with the gaps filled from another account of the same observation."""
    return {name: other.get(name) if value is None else value for name, value in row.items()}
