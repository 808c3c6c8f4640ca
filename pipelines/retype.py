"""Columns whose declared type has changed since the warehouse made them."""

from __future__ import annotations

from collections.abc import Iterator

from sources.landing.tables import Column, Table

from .destinations import Warehouse
from .destinations.ddl import named, sql_type
from .exits import Stop, usage

# As both catalogs spell what the declarations call text, bigint …; a width or zone may follow.
_TYPES = {
    "varchar": "text",
    "character varying": "text",
    "text": "text",
    "bigint": "bigint",
    "double": "double",
    "double precision": "double",
    "boolean": "bool",
    "timestamp with time zone": "timestamp",
    "date": "date",
    "json": "json",
}


def retype(warehouse: Warehouse, schema: str, table: Table) -> list[str]:
    """Give columns the type that they are declared with, values and all; returns their names.

    Raises Stop (usage) where a stored value is none of the new type; the column stays as it was.
    """
    changed = list(_changed(warehouse, schema, table))
    for column in changed:
        value = f'cast(cast("{column.name}" as varchar) as {sql_type(column)})'
        statement = (
            f"alter table {named(schema, table.name)} alter column"
            f' "{column.name}" type {sql_type(column)} using {value}'
        )
        try:
            with warehouse.transaction() as execute:
                execute(statement)
        except Stop as stop:
            raise usage(
                f"{schema}.{table.name}.{column.name} cannot become {column.type}: {stop.message}",
                "Empty or correct the values that are none, then run again.",
            ) from stop
    return [column.name for column in changed]


def _changed(warehouse: Warehouse, schema: str, table: Table) -> Iterator[Column]:
    sql = (
        "select column_name, lower(data_type) from information_schema.columns"
        " where table_schema = ? and table_name = ?"
    )
    there = dict(warehouse.query(sql, [schema, table.name]))
    for column in table.columns:
        stored = _TYPES.get(there.get(column.name, ""))
        if stored is not None and stored != column.type and column.name not in table.merge_key:
            yield column
