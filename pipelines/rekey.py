"""Rows move to the id that their post has now.

When an account moves from the first to the second generation of TokPortal's analytics, its posts
get other ids. The extract writes an alias; here the older rows follow it, so that a post has one
history. Aliases stay in their table: a move that a kill interrupted is finished by the next run.
"""

from __future__ import annotations

from typing import Any

from sources.landing.tables import Table

from .destinations import Warehouse


def rekey(warehouse: Warehouse, schema: str, provider: Any) -> None:
    """Move every row that still stands under an old id of a completed load's alias."""
    aliases = getattr(provider, "ALIASES", None)
    existing = warehouse.tables(schema)
    if aliases is None or not existing.keys() >= {aliases.table.name, "_dlt_loads"}:
        return
    moved_to = _completed_aliases(schema, aliases.table)
    for table in aliases.rekeyed:
        if table.name not in existing:
            continue
        if _is_pending(warehouse, schema, table, moved_to):
            _move(warehouse, schema, table, moved_to)
        if "source" in table.key:
            _drop_unsourced(warehouse, schema, table, moved_to)


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


def _move(warehouse: Warehouse, schema: str, table: Table, moved_to: str) -> None:
    """Rows whose key is taken under the new id are the same fact, read again: the new one stays."""
    where = f'"{schema}"."{table.name}"'
    others = [f"u.{name} = t.{name}" for name in table.key if name != "tracked_post_id"]
    taken = " and ".join(["u.tenant = t.tenant", "u.tracked_post_id = m.new_id", *others])
    unless = f" and not exists (select 1 from {where} u where {taken})"
    if "tracked_post_id" not in table.key:
        unless = ""  # keyed by an id of its own: every row moves
    same = "m.tenant = t.tenant and m.old_id = t.tracked_post_id"
    with warehouse.transaction() as execute:
        execute(
            f"update {where} t set tracked_post_id = m.new_id from ({moved_to}) m"
            f" where {same}{unless}"
        )
        execute(f"delete from {where} t using ({moved_to}) m where {same}")


def _drop_unsourced(warehouse: Warehouse, schema: str, table: Table, moved_to: str) -> None:
    """The first generation does not say who measured; the second does, of the same observation."""
    where = f'"{schema}"."{table.name}"'
    with warehouse.transaction() as execute:
        execute(
            f"delete from {where} t using ({moved_to}) m"
            " where m.tenant = t.tenant and m.new_id = t.tracked_post_id and t.source = 'unknown'"
            f" and exists (select 1 from {where} u where u.tenant = t.tenant"
            " and u.tracked_post_id = t.tracked_post_id and u.captured_at = t.captured_at"
            " and u.source <> 'unknown')"
        )
