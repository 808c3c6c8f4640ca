"""Tables that dlt made forbid a NULL in `_dlt_load_id`.

Programs up to 101c9e2 let dlt make every table, `sync_runs` among them. Later ones write a row of
`sync_runs` by themselves, which belongs to no load, and the first one failed on that constraint.
Programs of the days in between made `sync_runs` with a key that may be NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_SCHEMAS = ("tokportal", "genviral", "tokfluence")
_NULLABLE = (
    "select table_schema, table_name, column_name from information_schema.columns"
    " where is_nullable = ?"
)


def statements(
    query: Callable[..., list[tuple[Any, ...]]],
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for schema, table, column in query(f"{_NULLABLE} and column_name = '_dlt_load_id'", ["NO"]):
        if schema in _SCHEMAS:
            yield f'alter table "{schema}"."{table}" alter column "{column}" drop not null', ()
    sql = f"{_NULLABLE} and table_name = 'sync_runs' and column_name in ('tenant', 'run_id')"
    for schema, table, column in query(sql, ["YES"]):
        if schema in _SCHEMAS:
            yield f'alter table "{schema}"."{table}" alter column "{column}" set not null', ()
