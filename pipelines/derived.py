"""Derived tables: computed from what the warehouse holds, after the last batch of a run.

Rows of a batch are never enough: a reference that an earlier batch, another shard or an earlier run
brought has to have its row too. So the values are read back in one query over the parents. A value
that no parent has any more loses its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sources.landing.tables import Derived

from .destinations import Warehouse
from .destinations.ddl import named, sql_type
from .destinations.warehouse import Execute

Row = dict[str, Any]
Key = tuple[str, str]  # tenant and value


def derive(
    warehouse: Warehouse, schema: str, provider: Any, options: Any, now: datetime
) -> dict[str, int]:
    """Bring the provider's derived tables up to date, for every tenant. The tables exist.

    `options` are the provider's, as configured; `now` is its clock. Returns the number of rows
    written or deleted, by table; a table that is right already is not in it. Raises Stop when the
    destination fails.
    """
    written = {}
    for derived in getattr(provider, "DERIVED", ()):
        if count := _Derivation(schema, derived, options, now).bring_up_to_date(warehouse):
            written[derived.table.name] = count
    return written


class _Derivation:
    """The computation of one table."""

    def __init__(self, schema: str, derived: Derived, options: Any, now: datetime) -> None:
        self._derived, self._options, self._now = derived, options, now
        self._table = named(schema, derived.table.name)
        self._columns = [column.name for column in derived.table.columns]
        self._values_sql = " union ".join(
            f'select tenant, "{derived.column}" from {named(schema, parent.name)}'
            f' where "{derived.column}" is not null'
            for parent in derived.parents
        )

    def bring_up_to_date(self, warehouse: Warehouse) -> int:
        """Compare first: most runs find nothing to write and take no lock."""
        if not any(self._changes(warehouse.query)):
            return 0
        with warehouse.alone() as execute:
            changed, gone = self._changes(execute)
            self._delete(execute, {*changed, *gone})
            self._insert(execute, changed.values())
        return len(changed) + len(gone)

    def _changes(self, query: Execute) -> tuple[dict[Key, Row], set[Key]]:
        """Rows that are missing or different, and keys that no parent has any more."""
        columns = ", ".join(f'"{name}"' for name in ("tenant", *self._columns))
        place = self._columns.index(self._derived.column) + 1
        stored = {(r[0], r[place]): r[1:] for r in query(f"select {columns} from {self._table}")}
        wanted = dict(self._wanted(query))
        changed = {
            key: row
            for key, row in wanted.items()
            if stored.get(key) != tuple(row[name] for name in self._columns)
        }
        return changed, stored.keys() - wanted.keys()

    def _wanted(self, query: Execute) -> Iterator[tuple[Key, Row]]:
        by_tenant: dict[str, list[str]] = {}
        for tenant, value in query(self._values_sql):
            by_tenant.setdefault(tenant, []).append(value)
        for tenant, values in by_tenant.items():
            for row in self._derived.rows(self._options, sorted(values)):
                yield (tenant, row[self._derived.column]), row | {"tenant": tenant}

    def _delete(self, execute: Execute, keys: set[Key]) -> None:
        tenants, values = [tenant for tenant, _ in keys], [value for _, value in keys]
        execute(
            f"delete from {self._table} t using (select unnest(?::varchar[]) as tenant,"
            " unnest(?::varchar[]) as value) k"
            f' where t.tenant = k.tenant and t."{self._derived.column}" = k.value',
            [tenants, values],
        )

    def _insert(self, execute: Execute, rows: Iterable[Row]) -> None:
        found = [row | {"fetched_at": self._now} for row in rows]
        if not found:
            return
        columns = [c for c in self._derived.table.all_columns if c.name in found[0]]
        names = ", ".join(f'"{column.name}"' for column in columns)
        given = ", ".join(f"unnest(?::{sql_type(column)}[])" for column in columns)
        values = [[row[column.name] for row in found] for column in columns]
        execute(f"insert into {self._table} ({names}) select {given}", values)
