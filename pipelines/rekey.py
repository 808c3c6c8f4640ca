"""Rows move to the id that their post has now.

When an account moves from the first to the second generation of TokPortal's analytics, its posts
get other ids. The extract writes an alias; here the older rows follow it, so that a post has one
history. Aliases stay in their table: a move that a kill interrupted is finished by the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sources.landing.tables import Table

from .builds import note_retyped, prepare_note
from .destinations import Warehouse
from .destinations.warehouse import Execute


def rekey(warehouse: Warehouse, schema: str, provider: Any, run_id: str) -> None:
    """Move every row that still stands under an old id of a completed load's alias. Where marts
    are there, the move is noted for them: their increments look at loads, and these rows keep
    theirs."""
    aliases = getattr(provider, "ALIASES", None)
    existing = warehouse.tables(schema)
    if aliases is None or not existing.keys() >= {aliases.table.name, "_dlt_loads"}:
        return
    moved_to = _completed_aliases(schema, aliases.table)
    for table in aliases.rekeyed:
        if table.name not in existing:
            continue
        if _is_pending(warehouse, schema, table, moved_to):
            with _noted(warehouse, run_id) as execute:
                _move(execute, schema, table, moved_to)
        if "source" in table.key and _has_unsourced(warehouse, schema, table, moved_to):
            with _noted(warehouse, run_id) as execute:
                execute(f"delete {_unsourced(schema, table, moved_to)}")


@contextmanager
def _noted(warehouse: Warehouse, run_id: str) -> Iterator[Execute]:
    """A transaction that the marts learn of."""
    marts_there = prepare_note(warehouse)
    with warehouse.transaction() as execute:
        yield execute
        if marts_there:
            note_retyped(execute, run_id)


def _completed_aliases(schema: str, table: Table) -> str:
    return (
        f'select a.tenant, a.old_id, a.tracked_post_id as new_id from "{schema}"."{table.name}" a'
        f' join "{schema}"."_dlt_loads" l on l.load_id = a._dlt_load_id and l.status = 0'
    )


def _is_pending(warehouse: Warehouse, schema: str, table: Table, moved_to: str) -> bool:
    sql = (
        f'select 1 from "{schema}"."{table.name}" t join ({moved_to}) m'
        " on m.tenant = t.tenant and m.old_id = t.tracked_post_id limit 1"
    )
    return bool(warehouse.query(sql))


def _move(execute: Execute, schema: str, table: Table, moved_to: str) -> None:
    """Rows whose key is taken under the new id are the same fact, read again: the new one stays."""
    where = f'"{schema}"."{table.name}"'
    others = [f"u.{name} = t.{name}" for name in table.key if name != "tracked_post_id"]
    taken = " and ".join(["u.tenant = t.tenant", "u.tracked_post_id = m.new_id", *others])
    unless = f" and not exists (select 1 from {where} u where {taken})"
    if "tracked_post_id" not in table.key:
        unless = ""  # keyed by an id of its own: every row moves
    same = "m.tenant = t.tenant and m.old_id = t.tracked_post_id"
    execute(
        f"update {where} t set tracked_post_id = m.new_id from ({moved_to}) m where {same}{unless}"
    )
    execute(f"delete from {where} t using ({moved_to}) m where {same}")


def _has_unsourced(warehouse: Warehouse, schema: str, table: Table, moved_to: str) -> bool:
    return bool(warehouse.query(f"select 1 {_unsourced(schema, table, moved_to)} limit 1"))


def _unsourced(schema: str, table: Table, moved_to: str) -> str:
    """Rows to drop: the first generation does not say who measured, and the second does of the same
    observation."""
    where = f'"{schema}"."{table.name}"'
    return (
        f"from {where} t where t.source = 'unknown' and exists (select 1 from ({moved_to}) m"
        " where m.tenant = t.tenant and m.new_id = t.tracked_post_id)"
        f" and exists (select 1 from {where} u where u.tenant = t.tenant"
        " and u.tracked_post_id = t.tracked_post_id and u.captured_at = t.captured_at"
        " and u.source <> 'unknown')"
    )
