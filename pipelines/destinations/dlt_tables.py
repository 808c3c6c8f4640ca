"""dlt's own tables in a provider's schema, from dlt's own declarations.

They are made with ours: several shards would make them at the same moment, and a run that is killed
before its first load would leave tables that cannot be joined with `_dlt_loads`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dlt.common.schema.typing import TTableSchema
from dlt.common.schema.utils import loads_table, pipeline_state_table, version_table

from .ddl import named

_SQL_TYPES = {"text": "varchar", "bigint": "bigint", "timestamp": "timestamptz"}


def create(schema: str) -> Iterator[tuple[str, str]]:
    """Name and CREATE TABLE of each."""
    for table in (loads_table(), version_table(), pipeline_state_table(add_dlt_id=True)):
        yield str(table["name"]), _create(schema, table)


def _create(schema: str, table: TTableSchema) -> str:
    columns = [
        f'"{name}" {_SQL_TYPES[str(column["data_type"])]}'
        + ("" if column["nullable"] else " not null")
        for name, column in table["columns"].items()
    ]
    where = named(schema, str(table["name"]))
    return f"create table if not exists {where} ({', '.join(columns)})"
