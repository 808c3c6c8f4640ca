"""Which rows count: those of a load that completed.

A kill or a full disk in the middle of a load leaves rows of some tables and not of others. Rows of
data are compared with this in mind (held.py) and written again. Rows of a ledger speak of data that
did not all land, so every reader leaves them out, and the next run deletes them.
"""

from __future__ import annotations

from sources.landing.outcomes import TABLES

from .destinations import Warehouse
from .destinations.ddl import named

OF_A_LOAD = frozenset(table.name for table in TABLES)
"""Ledgers that are written in the load of the data they speak of."""


def completed(schema: str, alias: str) -> str:
    """SQL: the load of the row `alias` completed. A row without a load was written in a transaction
    of its own. `schema` is quoted, where it has to be."""
    return (
        f"({alias}._dlt_load_id is null or exists (select 1 from {schema}._dlt_loads completed"
        f" where completed.load_id = {alias}._dlt_load_id and completed.status = 0))"
    )


def ledger(schema: str, table: str) -> str:
    """SQL: the rows of a ledger that count, in the place of its table."""
    return f"(select * from {schema}.{table} written where {completed(schema, 'written')})"


def sweep(warehouse: Warehouse, schema: str) -> None:
    """Delete what loads that broke off left in the ledgers. Not for one shard of several: a load of
    another shard may be under way. The tables exist."""
    quoted = f'"{schema}"'
    for name in sorted(OF_A_LOAD):
        broken_off = f"from {named(schema, name)} t where not {completed(quoted, 't')}"
        if warehouse.query(f"select 1 {broken_off} limit 1"):
            with warehouse.transaction() as execute:
                execute(f"delete {broken_off}")
