"""DuckDB: one file, one writer.

The file is created with an explicit storage version before dlt sees it: files that DuckDB 2.0
writes with its defaults cannot be opened by the 1.x that BI drivers still bring. The connection
stays open for the whole run, so that a reader cannot slip in between two batches and block them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import sources

from ..exits import Exit, Stop, usage
from ..flush import flush
from ..lock import Holder, Patience, file_lock, writer_of
from .ddl import literal
from .errors import explain_duckdb, explain_system, not_a_database
from .grants import MARTS, MARTS_LEDGER
from .migrations import require_current, stamp_new
from .read_only import ask_duckdb
from .warehouse import Execute, OnOpen, Warehouse

STORAGE_VERSION = "v1.4.0"
_OTHER_NAMES = (MARTS, MARTS_LEDGER, "pg_catalog", "information_schema", "main", "system", "temp")
_SPARING = "256MB"  # by itself it would keep as much of a file as four fifths of memory hold


class DuckDBWarehouse(Warehouse):
    """An open DuckDB file."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path, self.target = path, f"duckdb:{path}"
        self.connection = connection

    def dlt_destination(self) -> Any:
        """dlt loads through this connection."""
        import dlt

        return dlt.destinations.duckdb(self.connection)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _explained(self.path):
            return self.connection.cursor().execute(sql, list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        with _explained(self.path):
            return self.connection.cursor().sql(sql, params=list(parameters)).to_arrow_table()

    def ask(self, sql: str, seconds: float) -> Generator[Any]:
        return ask_duckdb(self.connection, sql, seconds, self.explain)

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        cursor = self.connection.cursor()
        with _explained(self.path):
            cursor.begin()
            try:
                yield lambda sql, parameters=(): cursor.execute(sql, list(parameters)).fetchall()
                cursor.commit()
            except BaseException:
                with suppress(duckdb.Error):  # after an error of the disk there is nothing to undo
                    cursor.rollback()
                raise

    def explain(self, error: BaseException) -> Stop | None:
        return explain(self.path, error)

    def compact(self) -> None:
        """Copies the database into a new file and puts that in the place of the old one."""
        fresh = self.path.with_name(f".{self.path.name}.compacting")
        fresh.unlink(missing_ok=True)
        try:
            with _explained(self.path):
                ((name,),) = self.query("select current_database()")
                self.connection.execute(
                    f"attach {literal(str(fresh))} as social_compacted"
                    f" (storage_version '{STORAGE_VERSION}')"
                )
                self.connection.execute(f'copy from database "{name}" to social_compacted')
                _compare_tables(self.connection, name, "social_compacted")
                self.connection.execute("detach social_compacted")
                fresh.chmod(self.path.stat().st_mode & 0o777)
                self.connection.execute("checkpoint")
                self.connection.close()
                flush(fresh)
                fresh.replace(self.path)
                self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
                flush(self.path.parent)
        finally:
            fresh.unlink(missing_ok=True)

    def spare_memory(self) -> None:
        self.connection.execute(f"set memory_limit = '{_SPARING}'")

    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def _said(self, schema: str) -> dict[tuple[str, str | None], str]:
        sql = (
            "select table_name, null::varchar, comment from duckdb_tables() where schema_name = ?"
            " union all select table_name, column_name, comment from duckdb_columns()"
            " where schema_name = ?"
        )
        return {(table, column): text for table, column, text in self.query(sql, [schema, schema])}


@dataclass(frozen=True)
class DuckDB:
    """A DuckDB file, before it is opened."""

    path: Path

    @property
    def target(self) -> str:
        return f"duckdb:{self.path}"

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def warning_before_query(self) -> str | None:
        return None

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def writing(
        self,
        holder: Holder,
        patience: Patience = Patience(),  # noqa: B008  (it never changes)
        on_open: OnOpen = require_current,
    ) -> Iterator[Warehouse]:
        """The warehouse, locked and open. Raises Stop: exit 7 when another run holds it."""
        refuse_name(self.path)
        with file_lock(self.path, holder, patience), open_duckdb(self.path) as warehouse:
            stamp_new(warehouse)
            on_open(warehouse)
            yield warehouse

    @contextmanager
    def reading(self, on_open: OnOpen = require_current) -> Iterator[Warehouse]:
        """The warehouse, read-only."""
        with open_duckdb(self.path, read_only=True) as warehouse:
            on_open(warehouse)
            yield warehouse


@contextmanager
def open_duckdb(path: Path, *, read_only: bool = False) -> Iterator[DuckDBWarehouse]:
    """Open (and, for writing, create) the file. Raises Stop: exit 7 where a run of ours writes what
    is to be read, else exit 6 saying what is wrong."""
    refuse_name(path)
    with _explained(path):
        if not path.exists():
            if read_only:
                missing = f"there is no warehouse at {path} yet"
                raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
            _create(path)
        _refuse_other_files(path)
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            raise (read_only and _being_written(path)) or error from error
    try:
        if not read_only and not path.stat().st_mode & 0o222:  # root may write; its owner said no
            raise Stop(Exit.DESTINATION, f"{path} is read-only", "Make the file writable.")
        with _explained(path):
            connection.execute("set global timezone = 'UTC'")
        yield DuckDBWarehouse(path, connection)
    finally:
        connection.close()


def explain(path: Path, error: BaseException) -> Stop | None:
    """What stands in the way of a DuckDB file; None for an error of SQL and for a bug."""
    return explain_duckdb(path, error) or explain_system(error, path)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise explain(path, error) or error from error


def refuse_name(path: Path) -> None:
    """Raises Stop (usage) for a file under whose name DuckDB or dbt would not find its tables.

    DuckDB names a database by its file, up to the first point. With a schema of the same name every
    `tokportal.accounts` is ambiguous, in this program, in dbt and in each query of a person.
    """
    name = path.name.partition(".")[0].casefold()
    why = ""
    if name in _names_in_use():
        why = f"DuckDB would call it {name}, and there is a schema or database {name} already"
    elif "'" in path.name or '"' in path.name:
        why = "dbt cannot build marts in a file with a quote in its name"
    if why:
        raise usage(
            f"{path}: {why}",
            "Rename the file, for example to warehouse.duckdb, here and in the setting or flag that"
            " names it.",
        )


def _names_in_use() -> frozenset[str]:
    """Every schema of a warehouse, and the schemas and databases of DuckDB itself."""
    providers = sources.names()
    staging = (f"{name}_staging" for name in providers)
    return frozenset({*providers, *staging, *_OTHER_NAMES})


def _refuse_other_files(path: Path) -> None:
    """Raises Stop for a file that is no database: DuckDB would look for an extension to read it."""
    with path.open("rb") as file:
        if file.read(12)[8:] != b"DUCK":
            raise not_a_database(path)


def _compare_tables(connection: duckdb.DuckDBPyConnection, name: str, copy: str) -> None:
    """Raises Stop when a copy of a database does not hold the rows that the database does."""
    sql = "select schema_name, table_name from duckdb_tables() where database_name = ? order by all"
    tables = connection.execute(sql, [name]).fetchall()
    for schema, table in tables:
        counts = [
            connection.execute(f'select count(*) from "{each}"."{schema}"."{table}"').fetchone()
            for each in (name, copy)
        ]
        if counts[0] != counts[1]:
            raise Stop(
                Exit.CHECK_FAILED,
                f"the compacted copy of {schema}.{table} has other rows than the warehouse",
                "The warehouse is as it was. Run the command again.",
            )


def _being_written(path: Path) -> Stop | None:
    """A run of ours has it: no trouble, and over when that ends."""
    if (writer := writer_of(path)) is None:
        return None
    return Stop(
        Exit.LOCKED,
        f"{path} is being written: {writer}",
        "Ask again when that has ended; BI reads the published copy (`social publish`).",
    )


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as memory:
        memory.execute(f"attach {literal(str(path))} as w (storage_version '{STORAGE_VERSION}')")
    path.chmod(0o600)
