"""The warehouse: opened once for a run, kept open, explained in its own words.

DuckDB. The file is created with an explicit storage version before dlt sees it: files that DuckDB
2.0 writes with its defaults cannot be opened by the 1.x that BI drivers still bring. The connection
stays open for the whole run, so that a reader cannot slip in between two batches and block them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sources.landing.tables import Table

from .exits import Exit, Stop

STORAGE_VERSION = "v1.4.0"
_SQL_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "double": "double",
    "bool": "boolean",
    "timestamp": "timestamptz",
    "date": "date",
    "json": "json",
}


class Warehouse:
    """An open DuckDB warehouse."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self.connection = connection

    @property
    def target(self) -> str:
        return f"duckdb:{self.path}"

    def dlt_destination(self) -> Any:
        """The destination that dlt loads into, through this connection."""
        import dlt

        return dlt.destinations.duckdb(self.connection)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.cursor().execute(sql, list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The result as an Arrow table; times in UTC."""
        return self.connection.cursor().sql(sql, params=list(parameters)).to_arrow_table()

    def put(self, schema: str, table: Table, rows: Any) -> None:
        """Write a few Arrow rows by key, without a load of dlt's own, which costs half a second.
        Raises Stop (exit 6) when the warehouse does not take them; then none is written."""
        where = f'"{schema}"."{table.name}"'
        same = " and ".join(f't."{name}" = n."{name}"' for name in table.merge_key)
        try:
            self.transaction(
                f'create schema if not exists "{schema}"',
                create_table(schema, table),
                f"delete from {where} t using new_rows n where {same}",
                f"insert into {where} by name select * from new_rows",
                new_rows=rows,
            )
        except duckdb.Error as error:
            raise unavailable(self.path, error) from error

    def transaction(self, *statements: str, **views: Any) -> None:
        """Execute the statements, all or none; `views` are Arrow tables that they may name."""
        cursor = self.connection.cursor()
        for name, rows in views.items():
            cursor.register(name, rows)
        cursor.begin()
        try:
            for statement in statements:
                cursor.execute(statement)
            cursor.commit()
        except BaseException:
            cursor.rollback()
            raise

    def tables(self, schema: str) -> dict[str, set[str]]:
        """Names of the columns of each table that exists."""
        sql = (
            "select table_name, list(column_name) from duckdb_columns()"
            " where schema_name = ? group by table_name"
        )
        return {name: set(columns) for name, columns in self.query(sql, [schema])}

    def comment(self, schema: str, tables: Iterable[Table]) -> None:
        """Say in the database what each table and column means; only where it is not said yet."""
        sql = "select table_name, coalesce(comment, '') from duckdb_tables() where schema_name = ?"
        said = dict(self.query(sql, [schema]))
        for table in tables:
            if table.name in said and said[table.name] != table.grain:
                for statement in comments(schema, table):
                    self.connection.execute(statement)


def create_table(schema: str, table: Table) -> str:
    """CREATE TABLE of a declaration, as dlt would make it."""
    columns = [f'    "{column.name}" {_SQL_TYPES[column.type]}' for column in table.all_columns]
    body = ",\n".join([*columns, '    "_dlt_load_id" varchar'])
    return f'create table if not exists "{schema}"."{table.name}" (\n{body}\n)'


def comments(schema: str, table: Table) -> Iterator[str]:
    """COMMENT ON statements of a table, from its declaration."""
    where = f'"{schema}"."{table.name}"'
    for column in table.all_columns:
        yield f'comment on column {where}."{column.name}" is {_literal(column.description)}'
    # Last, because it is what tells that all of them were made.
    yield f"comment on table {where} is {_literal(table.grain)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[Warehouse]:
    """Open (and, for writing, create) the warehouse. Raises Stop (exit 6) saying what is wrong."""
    if not path.exists():
        if read_only:
            raise Stop(
                Exit.DESTINATION, f"there is no warehouse at {path} yet", "Run `social sync`."
            )
        _create(path)
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise unavailable(path, error) from error
    try:
        if not read_only and not path.stat().st_mode & 0o222:  # root may write; its owner said no
            raise Stop(Exit.DESTINATION, f"{path} is read-only", "Make the file writable.")
        connection.execute("set global timezone = 'UTC'")
        yield Warehouse(path, connection)
    finally:
        connection.close()


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as memory:
            memory.execute(
                f"attach {_literal(str(path))} as w (storage_version '{STORAGE_VERSION}')"
            )
        path.chmod(0o600)
    except (OSError, duckdb.Error) as error:
        raise unavailable(path, error) from error


def unavailable(path: Path, error: BaseException) -> Stop:
    """What stands in the way of the warehouse, as one sentence and a remedy."""
    text = str(error)
    if "lock" in text.lower():
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
        who = f" by {Path(holder[1]).name}, pid {holder[2]}" if holder else ""
        return Stop(
            Exit.DESTINATION,
            f"{path} is open in another program{who}",
            "Close it there (BI tools should read the published copy), then run again.",
        )
    if any(sign in text.lower() for sign in ("no space left", "disk full", "enospc")):
        return Stop(Exit.DESTINATION, f"the disk of {path} is full", "Make room, then run again.")
    if any(sign in text.lower() for sign in ("permission", "read-only", "cannot open file")):
        return Stop(Exit.DESTINATION, f"{path} cannot be written", "Check owner and mode of it.")
    first_line = text.splitlines()[0] if text else type(error).__name__
    return Stop(
        Exit.DESTINATION,
        f"{path} cannot be used: {first_line}",
        "What was committed is safe. Restore the file from a backup if it stays.",
    )
