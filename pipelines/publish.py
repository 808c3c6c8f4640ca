"""`social publish`: the marts in a DuckDB file of their own, which BI may hold open as it likes.

DuckDB lets one program write a file, or many read it. So BI reads a copy: it is made beside the old
one, compared with the warehouse, and put in place by a rename. Who has the old copy open goes on
reading it, and sees the new one when it opens the file again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb

from .copies import Copies
from .destinations import Destination, DuckDB
from .destinations.ddl import literal
from .destinations.duckdb import STORAGE_VERSION, DuckDBWarehouse, explain, refuse_name
from .destinations.errors import locked
from .destinations.grants import MARTS
from .destinations.migrations import require_current
from .exits import Exit, Stop, usage
from .flush import flush
from .lock import Holder, Patience, file_lock
from .parquet import write_parquet

_COPY = "social_published_copy"  # the name under which the new file is attached
_MARK = "ops_published"  # the table by which a copy is known to be one


@dataclass(frozen=True)
class PublishRequest:
    """What was asked on the command line. `parquet`: a folder, where that is wanted too. `mode` of
    the files; None: that of the copy before, else private. `alone`: no older copy stays in the
    folder."""

    place: Destination
    output: Path | None = None
    parquet: Path | None = None
    wait_seconds: float = 0.0
    mode: int | None = None
    alone: bool = False


@dataclass
class PublishResult:
    """What was put where. `rows` by table."""

    output: Path
    parquet: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        parquet = str(self.parquet) if self.parquet else None
        return {"exit_code": 0, **vars(self), "output": str(self.output), "parquet": parquet}

    def last_line(self) -> str:
        also = f" and {self.parquet}" if self.parquet else ""
        return (
            f"{self.output}{also}: {len(self.rows)} tables, {sum(self.rows.values()):,} rows,"
            f" {self.bytes / 2**20:.1f} MiB, {self.seconds:.1f} s. Who has the old copy open sees"
            " the new one after opening it again."
        )


def publish(request: PublishRequest) -> PublishResult:
    """Copy the marts and put the copy in place; where that fails, the old copy stays as it was.
    Raises Stop: usage for a place it must not write, exit 7 while a run writes the warehouse."""
    warehouse, started = _warehouse(request.place), monotonic()
    output = (request.output or warehouse.with_name("published.duckdb")).expanduser().resolve()
    result = PublishResult(output)
    fresh = output.with_name(f".{output.name}.publishing")
    with file_lock(warehouse, Holder(), Patience(request.wait_seconds)):
        _require_current(warehouse)
        _refuse_what_is_not_ours(output, warehouse)
        with _told(output), _cleared(fresh):
            with _attached(warehouse, fresh) as connection:
                result.rows = _copy(connection)
            _compare(fresh, result.rows)
            result.bytes = fresh.stat().st_size
            if request.parquet is not None:
                folder = request.parquet.expanduser().resolve()
                result.parquet = write_parquet(fresh, folder, request.mode, alone=request.alone)
            _put_in_place(fresh, output, request.mode)
    Copies(request.place).add_published(output, request.parquet and request.parquet.resolve())
    result.seconds = monotonic() - started
    return result


def _warehouse(place: Destination) -> Path:
    if not isinstance(place, DuckDB):
        raise usage(
            f"{place.target} needs no copy: Postgres takes any number of readers",
            "Point BI at its schema marts; `social schema --format grants` makes the role for it.",
        )
    if not place.exists():
        missing = f"there is no warehouse at {place.target} yet"
        raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
    return place.path.resolve()


def _require_current(warehouse: Path) -> None:
    """Raises Stop (usage) for a warehouse of another schema version. The lock is ours already."""
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error as error:
        raise explain(warehouse, error) or error from error
    with connection:
        require_current(DuckDBWarehouse(warehouse, connection))


def _refuse_what_is_not_ours(output: Path, warehouse: Path) -> None:
    """Raises Stop unless nothing is there, or an earlier copy."""
    refuse_name(output)
    if output == warehouse or (output.exists() and output.samefile(warehouse)):
        raise usage(f"{output} is the warehouse itself", "Name another file as --output.")
    if output.exists() and not _is_a_copy(output):
        raise usage(
            f"{output} is there and is no published copy",
            "Name another file as --output, or move that one away.",
        )


def _is_a_copy(path: Path) -> bool:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            sql = "select 1 from duckdb_tables() where schema_name = ? and table_name = ?"
            return bool(connection.execute(sql, [MARTS, _MARK]).fetchall())
    except duckdb.Error as error:
        if (stop := locked(error)) is not None:
            raise Stop(stop.code, stop.message, "Have it opened read-only there.") from error
        return False


@contextmanager
def _told(output: Path) -> Iterator[None]:
    """What stands in the way of the copy, in a sentence."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, duckdb.Error) as error:
        stop = explain(output, error)
        why = stop.message if stop else (str(error).splitlines() or [type(error).__name__])[0]
        raise Stop(
            Exit.DESTINATION,
            f"{output} cannot be written: {why.rstrip('.')}",
            "The old copy is as it was. Make room, or check owner and mode of the folder.",
        ) from error


@contextmanager
def _cleared(fresh: Path) -> Iterator[None]:
    """Nothing is left of a copy that was not finished, by this run or one before."""
    files = [fresh, fresh.with_name(fresh.name + ".wal")]
    for file in files:
        file.unlink(missing_ok=True)
    try:
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


@contextmanager
def _attached(warehouse: Path, fresh: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files in one engine: the warehouse as `wh`, read only, and the new one in use."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        try:
            connection.execute(f"attach {literal(str(warehouse))} as wh (read_only)")
        except duckdb.Error as error:
            raise explain(warehouse, error) or error from error
        connection.execute(
            f"attach {literal(str(fresh))} as {_COPY} (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute(f"use {_COPY}")
        yield connection
        connection.execute(f"use memory; detach {_COPY}")  # which writes out its log


def _copy(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Every mart, a view as a table: it would look into schemas that are not there."""
    query = "select {0}_name, {1}, comment from duckdb_{0}s() where database_name = 'wh'"
    # What a killed build has left under a name of dbt's own is no mart.
    marts = f"and schema_name = '{MARTS}' and not contains({{0}}_name, '__dbt_') order by 1"
    tables = connection.execute(f"{query} {marts}".format("table", "sql")).fetchall()
    views = connection.execute(f"{query} {marts}".format("view", "null")).fetchall()
    if not tables:
        raise Stop(Exit.DESTINATION, "there are no marts to publish", "Run `social transform`.")
    connection.execute(f"create schema {MARTS}")
    for name, ddl, comment in (*tables, *views):
        _copy_one(connection, name, ddl)
        _comment(connection, name, comment)
    _mark(connection)
    return {name: _count(connection, f'wh.{MARTS}."{name}"') for name, *_ in (*tables, *views)}


def _copy_one(connection: duckdb.DuckDBPyConnection, name: str, ddl: str | None) -> None:
    """A table as it was declared, so that keys and NOT NULL stay."""
    if ddl is None:
        connection.execute(f'create table {MARTS}."{name}" as from wh.{MARTS}."{name}"')
    else:
        connection.execute(ddl)
        connection.execute(f'insert into {MARTS}."{name}" from wh.{MARTS}."{name}"')


def _comment(connection: duckdb.DuckDBPyConnection, name: str, comment: str | None) -> None:
    if comment:
        connection.execute(f'comment on table {MARTS}."{name}" is {literal(comment)}')
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'wh'"
        f" and schema_name = '{MARTS}' and table_name = ? and comment is not null",
        [name],
    ).fetchall()
    for column, text in columns:
        where = f'{MARTS}."{name}"."{column}"'
        connection.execute(f"comment on column {where} is {literal(text)}")


def _mark(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"create table {MARTS}.{_MARK} as select cast(? as timestamptz) as published_at",
        [datetime.now(UTC)],
    )
    connection.execute(f"comment on table {MARTS}.{_MARK} is 'One row: when this copy was made.'")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"select count(*) from {table}").fetchone()
    return int(found[0]) if found else 0


def _compare(fresh: Path, rows: dict[str, int]) -> None:
    """Raises Stop when the finished file does not hold what the warehouse does."""
    with duckdb.connect(str(fresh), read_only=True) as connection:
        for name, expected in rows.items():
            held = _count(connection, f'{MARTS}."{name}"')
            if held != expected:
                raise Stop(
                    Exit.CHECK_FAILED,
                    f"the copy of {name} has {held:,} rows and the warehouse {expected:,}",
                    "The old copy is as it was. Run it again; check the disk if it stays so.",
                )


def _put_in_place(fresh: Path, output: Path, mode: int | None) -> None:
    if mode is None and output.exists():
        mode = output.stat().st_mode & 0o777  # who was let in stays let in
    if mode is not None:
        fresh.chmod(mode)
    flush(fresh)
    os.replace(fresh, output)
    flush(output.parent)
