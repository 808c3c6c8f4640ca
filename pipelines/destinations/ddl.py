"""SQL from the declarations, as DuckDB and Postgres both take it: tables, comments, indexes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sources.landing.outcomes import GROWING
from sources.landing.tables import Column, Table

LOAD_ID = Column("_dlt_load_id", "text", "The load that wrote this row, as in `_dlt_loads`.")
_SQL_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "timestamp": "timestamptz",
    "date": "date",
    "json": "json",  # not jsonb: parquet through ADBC cannot be copied into it
}
_DAYS = ("date", "captured_at", "published_at")
_PREFIX = "social_"


def columns_of(table: Table) -> tuple[Column, ...]:
    """Every column of a table in the database, dlt's own included."""
    return (*table.all_columns, LOAD_ID)


def sql_type(column: Column) -> str:
    """The type of a column in both databases."""
    return _SQL_TYPES[column.type]


def named(schema: str, table: str) -> str:
    """A quoted name. Names come from our own declarations."""
    return f'"{schema}"."{table}"'


def create_table(schema: str, table: Table) -> str:
    """CREATE TABLE of a declaration, as dlt would make it."""
    body = ",\n".join(f"    {_column(table, column)}" for column in columns_of(table))
    return f"create table if not exists {named(schema, table.name)} (\n{body}\n)"


def _column(table: Table, column: Column) -> str:
    needed = " not null" if column.name in table.merge_key else ""
    return f'"{column.name}" {sql_type(column)}{needed}'


def add_column(schema: str, table: Table, column: Column) -> str:
    """A column that a newer version declares; NULL in the rows that are there."""
    return (
        f"alter table {named(schema, table.name)}"
        f' add column if not exists "{column.name}" {_SQL_TYPES[column.type]}'
    )


def comments(schema: str, table: Table) -> Iterator[tuple[str | None, str, str]]:
    """Column (None: the table itself), text and COMMENT ON statement, from the declaration."""
    where = named(schema, table.name)
    yield None, table.grain, f"comment on table {where} is {literal(table.grain)}"
    for column in columns_of(table):
        said = literal(column.description)
        yield (
            column.name,
            column.description,
            f'comment on column {where}."{column.name}" is {said}',
        )


@dataclass(frozen=True)
class Index:
    """An index; its name tells what it is, so that a change of the declaration is a new one."""

    table: str
    columns: tuple[str, ...]
    unique: bool = False

    @property
    def name(self) -> str:
        what = f"{self.unique}:{','.join(self.columns)}"
        return f"{_PREFIX}{self.table[:45]}_{zlib.crc32(what.encode()):08x}"

    def create(self, schema: str) -> str:
        kind = "unique index" if self.unique else "index"
        columns = ", ".join(f'"{column}"' for column in self.columns)
        where = named(schema, self.table)
        return f'create {kind} if not exists "{self.name}" on {where} ({columns})'


def is_ours(index: str) -> bool:
    """Whether an index was made here; those that somebody else added are left alone."""
    return index.startswith(_PREFIX)


def indexes(table: Table) -> Iterator[Index]:
    """The key, unique; what old rows of a growing ledger are found by; and what dashboards filter
    by: account and day, or the day alone."""
    yield Index(table.name, table.merge_key, unique=True)
    if table.name in {ledger.name for ledger, _ in GROWING}:
        yield Index(table.name, ("fetched_at",))
        yield Index(table.name, ("account_id", "stream", "fetched_at"))
    if table.kind == "ledger":
        return
    day = next((name for name in (table.moment, *_DAYS) if name in table.by_name), None)
    if table.account in table.by_name:
        yield Index(table.name, (table.account, day) if day else (table.account,))
    if "published_at" in table.by_name:
        yield Index(table.name, ("published_at",))


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
