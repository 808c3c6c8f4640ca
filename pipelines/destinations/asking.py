"""SQL of a person's own, as Arrow batches while it runs: nothing is held whole, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from sources.http.redaction import shown

from ..exits import Stop, usage

_ROWS = 2_000  # of a batch
_ALONE = (
    "set enable_external_access = false",  # a file is no table, and none is written
    "set lock_configuration = true",
)


def ask_duckdb(
    connection: duckdb.DuckDBPyConnection, sql: str, explain: Callable[[BaseException], Stop | None]
) -> Iterator[Any]:
    """Of a connection that reads only, and does nothing else afterwards. Raises Stop."""
    for statement in _ALONE:
        connection.execute(statement)
    with _refused(explain):
        asked = connection.sql(sql)
        if asked is not None:
            yield from _batches(asked.to_arrow_reader(_ROWS))


def ask_postgres(
    connection: Any, sql: str, explain: Callable[[BaseException], Stop | None]
) -> Iterator[Any]:
    """It is prepared, which takes one statement and no second behind it. Raises Stop."""
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = on")
        with _refused(lambda error: None if _is_of_sql(error) else explain(error)):
            cursor.adbc_prepare(sql)
            cursor.execute(sql)
            if cursor.description:
                yield from _batches(cursor.fetch_record_batch())


def _batches(reader: Any) -> Iterator[Any]:
    """The first is empty: columns have their names also where no row is."""
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    yield from reader


def _is_of_sql(error: BaseException) -> bool:
    """By SQLSTATE: syntax, names and rights; values; features; a write; a time limit."""
    state = getattr(error, "sqlstate", None) or ""
    return state[:2] in ("42", "22", "0A", "21", "2F") or state in ("25006", "57014")


@contextmanager
def _refused(explain: Callable[[BaseException], Stop | None]) -> Iterator[None]:
    from adbc_driver_manager import Error as AdbcError

    try:
        yield
    except (duckdb.Error, AdbcError, OSError) as error:
        raise explain(error) or usage(
            f"the SQL was refused: {_first_line(str(error))}",
            "It may read, and not write. `social schema` and transform/README.md name the columns.",
        ) from error


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[0]).rstrip(".!") if lines else "no reason given"
