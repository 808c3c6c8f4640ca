"""Answers the extract's question: what does the warehouse hold of these accounts?

Rows are read per table for a whole window of accounts and handed out per account. A row counts as
held only when its load is in `_dlt_loads` with status 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sources.landing.held import Held, Key, Lookup, Moment, NothingHeld, Stored
from sources.landing.tables import Table

from .destinations import Warehouse
from .loads import OF_A_LOAD, completed


def lookup_in(warehouse: Warehouse, schema: str) -> Lookup:
    """The lookup for a provider's schema; an empty warehouse holds nothing."""

    def lookup(tenant: str, account_ids: Sequence[str]) -> Held:
        existing = warehouse.tables(schema)
        if "_dlt_loads" not in existing:
            return NothingHeld()
        return WarehouseHeld(warehouse, schema, existing, tenant, list(account_ids))

    return lookup


_ByAccount = Callable[[str], list[dict[str, Any]]]
_BESIDE = ("_completed", "_age")  # columns of the queries below that are not the row's


class WarehouseHeld:
    """Rows of a window of accounts, read when first asked for."""

    def __init__(
        self,
        warehouse: Warehouse,
        schema: str,
        existing: dict[str, set[str]],
        tenant: str,
        account_ids: list[str],
    ) -> None:
        self._warehouse, self._schema, self._existing = warehouse, schema, existing
        self._tenant, self._account_ids = tenant, account_ids
        self._windows: dict[str, _ByAccount] = {}
        self._since: dict[tuple[str, str], tuple[Moment | None, dict[Key, Stored]]] = {}
        self._stretches: dict[tuple[str, Moment, Moment], _ByAccount] = {}

    def of(self, table: Table, account_id: str) -> dict[Key, Stored]:
        if table.name not in self._windows:
            self._windows[table.name] = self._read_window(table)
        return _stored(table, self._windows[table.name](account_id))

    def since(
        self, table: Table, account_id: str, moment: Moment, until: Moment | None = None
    ) -> dict[Key, Stored]:
        if table.name not in self._existing:
            return {}
        if until is not None:
            return _stored(table, self._between(table, moment, until)(account_id))
        place = (table.name, account_id)
        reached, found = self._since.get(place, (None, {}))
        if reached is None or moment < reached:
            found = self._read_since(table, account_id, moment)
            self._since[place] = (moment, found)
        return found

    def _read_since(self, table: Table, account_id: str, moment: Moment) -> dict[Key, Stored]:
        sql = f"{self._select(table)} and t.{table.account} = ? and t.{table.when} >= ?"
        values = [self._tenant, account_id, moment]
        return _stored(table, self._warehouse.arrow(sql, values).to_pylist())

    def _between(self, table: Table, moment: Moment, until: Moment) -> _ByAccount:
        """The same stretch of time for the whole window of accounts, in one query."""
        place = (table.name, moment, until)
        if place not in self._stretches:
            account = table.account
            sql = (
                f"{self._select(table)} and t.{account} in (select unnest(?::varchar[]))"
                f" and t.{table.when} >= ? and t.{table.when} < ? order by {account}"
            )
            values = [self._tenant, self._account_ids, moment, until]
            self._stretches[place] = _by_account(self._warehouse.arrow(sql, values), account)
        return self._stretches[place]

    def where(self, table: Table, account_id: str, column: str, value: str) -> dict[Key, Stored]:
        if table.name not in self._existing:
            return {}
        sql = f'{self._select(table)} and t.{table.account} = ? and t."{column}" = ?'
        return _stored(
            table, self._warehouse.arrow(sql, [self._tenant, account_id, value]).to_pylist()
        )

    def among(self, table: Table, column: str, values: Sequence[str]) -> dict[Key, Stored]:
        if table.name not in self._existing or not values:
            return {}
        sql = f'{self._select(table)} and t."{column}" in (select unnest(?::varchar[]))'
        return _stored(table, self._warehouse.arrow(sql, [self._tenant, list(values)]).to_pylist())

    def whole(self, table: Table, newest: int | None = None) -> dict[Key, Stored]:
        if table.name not in self._existing:
            return {}
        sql = f"{self._select(table)} order by t.fetched_at desc"
        sql += f" limit {newest:d}" if newest is not None else ""
        return _stored(table, self._warehouse.arrow(sql, [self._tenant]).to_pylist())

    def _read_window(self, table: Table) -> _ByAccount:
        if table.name not in self._existing:
            return lambda account_id: []
        account = table.account
        sql = f"{self._select(table)} and t.{account} in (select unnest(?::varchar[]))"
        if table.moment:  # of snapshots, the newest tells what is news
            age = f'rank() over (partition by {account} order by {table.moment} desc) as "_age"'
            sql = f'select * from (select *, {age} from ({sql}) held) aged where "_age" = 1'
        rows = self._warehouse.arrow(f"{sql} order by {account}", [self._tenant, self._account_ids])
        return _by_account(rows, table.account)

    def _select(self, table: Table) -> str:
        # A column that a newer version declares is NULL until the next load adds it.
        there = self._existing[table.name]
        names = (column.name for column in table.all_columns)
        columns = ", ".join(f't."{n}"' if n in there else f'null as "{n}"' for n in names)
        # Of a ledger, what a load that broke off wrote is as if it had never been written.
        quoted = f'"{self._schema}"'
        counts = f" and {completed(quoted, 't')}" if table.name in OF_A_LOAD else ""
        # Names come from the declarations; values are bound.
        return (
            f'select {columns}, l.load_id is not null as "_completed"'
            f' from "{self._schema}"."{table.name}" t'
            f' left join "{self._schema}"."_dlt_loads" l'
            " on l.load_id = t._dlt_load_id and l.status = 0"
            f" where t.tenant = ?{counts}"
        )


def _by_account(rows: Any, account: str) -> _ByAccount:
    """Rows sorted by account, sliced per account when asked: Arrow is a fifth of the memory."""
    spans: dict[str, tuple[int, int]] = {}
    for position, account_id in enumerate(rows.column(account).to_pylist()):
        start, _ = spans.get(account_id, (position, 0))
        spans[account_id] = (start, position + 1 - start)

    def of(account_id: str) -> list[dict[str, Any]]:
        start, length = spans.get(account_id, (0, 0))
        sliced: list[dict[str, Any]] = rows.slice(start, length).to_pylist()
        return sliced

    return of


def _stored(table: Table, rows: list[dict[str, Any]]) -> dict[Key, Stored]:
    return {
        table.key_of(row): Stored(
            {k: v for k, v in row.items() if k not in _BESIDE}, row["_completed"]
        )
        for row in rows
    }
