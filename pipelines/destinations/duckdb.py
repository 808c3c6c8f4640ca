"""DuckDB: one file, one writer.

The file is created with an explicit storage version before dlt sees it: files that DuckDB 2.0
writes with its defaults cannot be opened by the 1.x that BI drivers still bring. The connection
stays open for the whole run, so that a reader cannot slip in between two batches and block them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ..exits import Exit, Stop
from ..lock import Holder, Patience, file_lock, writer_of
from .asking import ask_duckdb
from .ddl import literal
from .warehouse import Execute, Warehouse

STORAGE_VERSION = "v1.4.0"
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
        return self.connection.cursor().execute(sql, list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        return self.connection.cursor().sql(sql, params=list(parameters)).to_arrow_table()

    def ask(self, sql: str) -> Iterator[Any]:
        return ask_duckdb(self.connection, sql, self.explain)

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        cursor = self.connection.cursor()
        cursor.begin()
        try:
            yield lambda sql, parameters=(): cursor.execute(sql, list(parameters))
            cursor.commit()
        except duckdb.Error as error:
            cursor.rollback()
            raise unavailable(self.path, error) from error
        except BaseException:
            cursor.rollback()
            raise

    def explain(self, error: BaseException) -> Stop | None:
        if isinstance(error, duckdb.Error | OSError) or "duckdb" in type(error).__module__:
            return unavailable(self.path, error)
        return None

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

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def writing(self, holder: Holder, patience: Patience = Patience()) -> Iterator[Warehouse]:  # noqa: B008  (it never changes)
        """The warehouse, locked and open. Raises Stop: exit 7 when another run holds it."""
        with file_lock(self.path, holder, patience), open_duckdb(self.path) as warehouse:
            yield warehouse

    @contextmanager
    def reading(self) -> Iterator[Warehouse]:
        """The warehouse, read-only."""
        with open_duckdb(self.path, read_only=True) as warehouse:
            yield warehouse


@contextmanager
def open_duckdb(path: Path, *, read_only: bool = False) -> Iterator[DuckDBWarehouse]:
    """Open (and, for writing, create) the file. Raises Stop: exit 7 where a run of ours writes what
    is to be read, else exit 6 saying what is wrong."""
    if not path.exists():
        if read_only:
            raise Stop(
                Exit.DESTINATION, f"there is no warehouse at {path} yet", "Run `social sync`."
            )
        _create(path)
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise (read_only and _being_written(path)) or unavailable(path, error) from error
    try:
        if not read_only and not path.stat().st_mode & 0o222:  # root may write; its owner said no
            raise Stop(Exit.DESTINATION, f"{path} is read-only", "Make the file writable.")
        connection.execute("set global timezone = 'UTC'")
        yield DuckDBWarehouse(path, connection)
    finally:
        connection.close()


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as memory:
            memory.execute(
                f"attach {literal(str(path))} as w (storage_version '{STORAGE_VERSION}')"
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
