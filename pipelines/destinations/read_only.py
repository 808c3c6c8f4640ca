"""A person's own SQL, read only, as Arrow batches while it runs: nothing is held whole.

That the SQL cannot write does not rest on its wording. DuckDB opens the file read-only, without
files, network and extensions, and takes one SELECT or EXPLAIN. On Postgres the SQL is the query of
a declared cursor, in a read-only transaction that has its snapshot already and is rolled back, as a
role without rights on the server's host. There only functions are left that act outside of a
transaction (ending another session, taking a lock, sending a notice): Postgres calls a function
volatile if it may have an effect, and such names are refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from sources.http.redaction import shown

from ..exits import Stop, usage

Explain = Callable[[BaseException], Stop | None]

_ROWS = 2_000  # of a batch
_ALONE = (
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set python_enable_replacements = false",  # else a name may be a variable of this program
    "set enable_external_access = false",  # a file is no table, and none is written
    "set lock_configuration = true",
)
_QUERIES = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)

_HARMLESS = frozenset(
    {
        "array_sample",
        "array_shuffle",
        "bernoulli",
        "clock_timestamp",
        "current_query",
        "gen_random_uuid",
        "pg_current_wal_lsn",
        "pg_database_size",
        "pg_indexes_size",
        "pg_is_in_recovery",
        "pg_partition_ancestors",
        "pg_partition_tree",
        "pg_relation_size",
        "pg_sleep",
        "pg_sleep_for",
        "pg_sleep_until",
        "pg_table_size",
        "pg_tablespace_size",
        "pg_total_relation_size",
        "random",
        "random_normal",
        "setseed",
        "system",
        "timeofday",
        "uuidv4",
        "uuidv7",
    }
)
_VOLATILE = "select distinct lower(proname) from pg_proc where provolatile = 'v'"
# A name, and behind it a bracket, or a comment that may hide one.
_CALLED = re.compile(r'([\w$]+)"?\s*(?:\(|--|/\*)')
_ESCAPED_NAME = re.compile(r'u&"', re.IGNORECASE)
_SHOW = re.compile(r"\s*show\s+[\w.]+(?:\s+\w+)*\s*;?\s*", re.IGNORECASE)
_EXPLAIN = re.compile(
    r"\s*explain\s+(?P<options>\(\s*[a-z_]+(?:\s+\w+)?(?:\s*,\s*[a-z_]+(?:\s+\w+)?)*\s*\)"
    r"|(?:(?:analyze|analyse|verbose)\s+)*)\s*(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
# Membership in these reaches files and programs of the server's host; a superuser is in all.
_OF_THE_HOST = ("pg_execute_server_program", "pg_write_server_files", "pg_read_server_files")
_POWERS = (
    "select r.rolname, r.rolsuper or exists (select 1 from pg_roles h"
    f" where h.rolname in {_OF_THE_HOST!r} and pg_has_role(r.oid, h.oid, 'member'))"
    " from pg_roles r where r.rolname in (current_user, session_user)"
)


def ask_duckdb(
    connection: duckdb.DuckDBPyConnection, sql: str, seconds: float, explain: Explain
) -> Generator[Any]:
    """The rows of one SELECT or EXPLAIN. Nothing else is done on the connection afterwards.
    Raises Stop."""
    for statement in _ALONE:
        connection.execute(statement)
    with (
        _refused(explain),
        _interrupted(connection, seconds),
    ):
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _QUERIES:
            raise _no_query("it is not one SELECT or EXPLAIN")
        yield from _batches(connection.sql(statements[0].query).to_arrow_reader(_ROWS))


@contextmanager
def _interrupted(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stop the query after so long."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        raise usage(f"the query took longer than {seconds:g} s", "--timeout allows more.") from None
    finally:
        timer.cancel()


def ask_postgres(connection: Any, sql: str, seconds: float, explain: Explain) -> Generator[Any]:
    """The rows of one query, EXPLAIN or SHOW, on a connection of its own. Raises Stop, also for a
    user with rights on the server's host."""
    with (
        _refused(lambda error: None if _is_of_sql(error) else explain(error)),
        ExitStack() as opened,
    ):
        session = opened.enter_context(closing(_Session(connection)))
        # The first SELECT takes the snapshot: from then on the transaction stays read-only.
        session.run("begin transaction isolation level repeatable read read only")
        opened.callback(session.run, "rollback")
        _refuse_powers(session.rows(_POWERS))
        limits = [f"set local statement_timeout = {max(1, round(seconds * 1000))}"]
        limits += ["set local lock_timeout = '60s'", "set local standard_conforming_strings = on"]
        for statement in limits:
            session.run(statement)
        _refuse_effects(sql, {name for (name,) in session.rows(_VOLATILE)} - _HARMLESS)
        yield from _answer(session, sql, limits[0])


def _answer(session: _Session, sql: str, limit: str) -> Iterator[Any]:
    if _SHOW.fullmatch(sql):
        yield from _batches(session.batches(sql))
    elif explained := _EXPLAIN.fullmatch(sql):
        session.declare(explained["query"])  # so that only a query is explained
        session.run("close answer")
        yield from _batches(session.batches(f"explain {explained['options']} {explained['query']}"))
    else:
        session.declare(sql)
        yield from _fetched(session, limit)


def _fetched(session: _Session, limit: str) -> Iterator[Any]:
    first = True
    while True:
        reader = session.batches(f"fetch forward {_ROWS} from answer")
        rows = 0
        for batch in _batches(reader) if first else reader:
            rows += batch.num_rows
            yield batch
        if rows < _ROWS:
            return
        first = False
        session.run(limit)  # the query may have changed it


class _Session:
    """An ADBC connection. Every statement is prepared: the server refuses two in one text."""

    def __init__(self, connection: Any) -> None:
        # Only COPY is faster, and a FETCH cannot be copied.
        options = {"adbc.postgresql.use_copy": "false"}
        self._cursor = connection.cursor(adbc_stmt_kwargs=options)

    def run(self, sql: str) -> None:
        self._cursor.adbc_prepare(sql)
        self._cursor.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.run(sql)
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def batches(self, sql: str) -> Any:
        self.run(sql)
        return self._cursor.fetch_record_batch()

    def declare(self, sql: str) -> None:
        # On lines of its own: the SQL may end in a comment.
        self.run(f"declare answer no scroll cursor for\n{sql.rstrip().removesuffix(';')}\n")

    def close(self) -> None:
        self._cursor.close()


def _refuse_powers(roles: list[tuple[str, bool]]) -> None:
    if powerful := next((name for name, has_powers in roles if has_powers), None):
        raise usage(
            f"{shown(powerful)} may use files and programs of the database server, so no SQL is"
            " run as that user",
            "Name a user that may only read in DESTINATION__POSTGRES__READ_CREDENTIALS;"
            " `social schema --format grants` makes one.",
        )


def _refuse_effects(sql: str, volatile: set[str]) -> None:
    if _ESCAPED_NAME.search(sql):
        raise _no_query('names in the form U&"…" are not taken')
    called = {match[1] for match in _CALLED.finditer(sql.lower())} & volatile
    if called:
        raise _no_query(f"{min(called)} may have effects (Postgres has it as volatile)")


def _batches(reader: Any) -> Iterator[Any]:
    """The first is empty: columns have their names also where no row is."""
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    yield from reader


def _is_of_sql(error: BaseException) -> bool:
    """By SQLSTATE: syntax, names and rights; values; features; a write; a time limit."""
    state = getattr(error, "sqlstate", None) or ""
    return state[:2] in ("42", "22", "0A", "21", "2F", "25", "34") or state == "57014"


@contextmanager
def _refused(explain: Explain) -> Iterator[None]:
    from adbc_driver_manager import Error as AdbcError

    try:
        yield
    except (duckdb.Error, AdbcError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise explain(error) or _no_query(_first_line(str(error))) from error


def _no_query(why: str) -> Stop:
    return usage(
        f"the SQL was refused: {why}",
        "It may read, and not write. `social schema` and transform/README.md name the columns.",
    )


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[0]).rstrip(".!") if lines else "no reason given"
