"""Postgres: many readers, and a writer per shard."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
from adbc_driver_postgresql import dbapi as adbc

from sources.extraction.shards import Shard
from sources.landing.tables import Table

from ..exits import Exit, Stop, usage
from ..lock import Holder, Patience
from . import ddl, fence, grants
from .address import Address
from .errors import explain_system
from .fence import OVERTAKEN, Fence, Overtaken, Run
from .migrations import refuse_newer, require_current, stamp_new
from .patient import connect_patiently
from .read_only import ask_postgres
from .trouble import explain
from .warehouse import Execute, OnOpen, Warehouse

ALONE = Shard(0, 1)


class PostgresWarehouse(Warehouse):
    """A database, open on one connection; `fence` is None for a reader, and `reader` is the address
    for a person's own SQL."""

    def __init__(
        self, address: Address, shard: Shard, number: Fence | None, reader: Address | None = None
    ) -> None:
        self.address, self.target, self.shard = address, address.shown, shard
        self._fence, self._reader = number, reader or address

    @cached_property
    def _connection(self) -> Any:
        return _connect(self.address)

    @cached_property
    def _adbc(self) -> Any:
        """Arrow comes through a connection of its own, made when the first is asked for."""
        return _connect_adbc(self.address)

    @property
    def pipeline_suffix(self) -> str:  # type: ignore[override]
        return "" if self.shard == ALONE else f"_{self.shard.index}_of_{self.shard.count}"

    @property
    def staging_layout(self) -> str:
        """How dlt names the schema of the staging tables; the merges of two shards share none."""
        return "%s_staging" if self.shard == ALONE else f"%s_staging_{self.shard.index}"

    def dlt_destination(self) -> Any:
        from .fenced_load import fenced_destination

        return fenced_destination(self.address.url, self._fence, self.staging_layout)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._explained():
            return _run(self._connection, _pyformat(sql), parameters)

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        with self._explained(), closing(self._adbc.cursor()) as cursor:
            cursor.execute(_numbered(sql), tuple(parameters))
            return cursor.fetch_arrow_table()

    def ask(self, sql: str, seconds: float) -> Generator[Any]:
        with self._explained(), closing(_connect_adbc(self._reader)) as connection:
            yield from ask_postgres(connection, sql, seconds, self.explain)

    def compact(self) -> None:
        """Rewrites every table of ours; the server removes the old files. Its write-ahead log and
        its backups keep old rows for as long as the server is set to."""
        sql = (
            "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'm')"
            " and n.nspname !~ '^(pg_|information_schema)' and pg_has_role(c.relowner, 'usage')"
        )
        for (table,) in self.query(sql):
            with self._explained():
                _run(self._connection, f"vacuum full {table}", ())

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        with self._explained(), _transaction(self._connection) as run:
            if self._fence:
                self._fence.check(run)
            yield lambda sql, parameters=(): run(_pyformat(sql), parameters)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if stop := self.explain(error):
                raise stop from error
            raise

    def explain(self, error: BaseException) -> Stop | None:
        if isinstance(error, Overtaken):
            return OVERTAKEN
        return explain(self.target, error) or explain_system(error)

    def size_bytes(self) -> int:
        return int(self.query("select pg_database_size(current_database())")[0][0])

    def prepare(self, schema: str, tables: Iterable[Table]) -> None:
        """Also raises Stop (usage) for a right that is missing: before anything is asked."""
        if statements := grants.missing(self, self.shard, [schema]):
            raise usage(f"{self.target}: a right is missing", f"Its owner runs: {statements[0]}")
        super().prepare(schema, tables)

    def _alone(self, execute: Execute) -> None:
        fence.making_tables(lambda sql, values: _run(self._connection, sql, values))

    def _said(self, schema: str) -> dict[tuple[str, str | None], str]:
        sql = (
            "select c.relname, a.attname, d.description from pg_description d"
            " join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass"
            " join pg_namespace n on n.oid = c.relnamespace and n.nspname = ?"
            " left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid"
            " and d.objsubid > 0"
        )
        return {(table, column): text for table, column, text in self.query(sql, [schema])}

    def _missing_of_engine(self, schema: str, tables: Sequence[Table]) -> Iterator[str]:
        sql = "select indexname from pg_indexes where schemaname = ?"
        made = {name for (name,) in self.query(sql, [schema])}
        wanted = {index.name: index for table in tables for index in ddl.indexes(table)}
        for name in wanted.keys() - made:
            yield wanted[name].create(schema)
        for name in filter(ddl.is_ours, made - wanted.keys()):
            yield f"drop index {ddl.named(schema, name)}"

    def close(self) -> None:
        for name in ("_connection", "_adbc"):
            if name in self.__dict__:
                self.__dict__[name].close()


@dataclass(frozen=True)
class Postgres:
    """A Postgres database, before it is opened; for a run of one shard, or of all accounts."""

    address: Address
    shard: Shard = ALONE
    reader: Address | None = None

    @property
    def warning_before_query(self) -> str | None:
        if self.reader:
            return None
        return (
            "the SQL runs as the user that loads; DESTINATION__POSTGRES__READ_CREDENTIALS names one"
            " that may only read"
        )

    @property
    def target(self) -> str:
        return self.address.shown

    @property
    def folder(self) -> Path:
        from ..settings import project_root

        return project_root() / "data"

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "-", self.address.shown)

    def exists(self) -> bool:
        return True

    @contextmanager
    def writing(
        self,
        holder: Holder,
        patience: Patience = Patience(),  # noqa: B008  (it never changes)
        on_open: OnOpen = require_current,
    ) -> Iterator[Warehouse]:
        """The warehouse, locked and open. Raises Stop: exit 7 when another run holds it."""
        with (
            _locked(self.address, self.shard, holder, patience) as number,
            closing(PostgresWarehouse(self.address, self.shard, number)) as warehouse,
        ):
            stamp_new(warehouse)
            on_open(warehouse)
            yield warehouse

    @contextmanager
    def reading(self, on_open: OnOpen = require_current) -> Iterator[Warehouse]:
        """The warehouse, for reading."""
        with closing(PostgresWarehouse(self.address, self.shard, None, self.reader)) as warehouse:
            on_open(warehouse)
            yield warehouse


@contextmanager
def _locked(address: Address, shard: Shard, holder: Holder, patience: Patience) -> Iterator[Fence]:
    """Hold the lock of a shard, on a connection of its own."""
    with closing(_connect(address)) as connection:
        try:
            fence.take_lock(lambda sql, values=(): _run(connection, sql, values), shard, patience)
            refuse_newer(
                lambda sql, values=(): _run(connection, _pyformat(sql), values), address.shown
            )
            with _transaction(connection) as run:
                fence.making_tables(run)
                _make_workers(run)
                number = fence.raise_fence(run, shard, holder)
        except psycopg2.Error as error:
            raise explain(address.shown, error) or error from error
        yield number


def _make_workers(run: Run) -> None:
    """The schema and table of the lock, where they are missing: IF NOT EXISTS would ask for rights
    that a loader need not have."""
    if not run("select 1 from pg_namespace where nspname = %s", (fence.SCHEMA,)):
        run(f"create schema {fence.SCHEMA}")
    if not run("select to_regclass(%s)", (f"{fence.SCHEMA}.workers",))[0][0]:
        for statement in fence.CREATE:
            run(statement)


def _connect(address: Address) -> Any:
    """A connection whose sessions speak UTC and give JSON as text. Raises Stop."""
    try:
        connection = connect_patiently(lambda: psycopg2.connect(address.url))
        _require_utf8(address, connection)
        connection.autocommit = True
        psycopg2.extras.register_default_json(connection, loads=lambda text: text)
        psycopg2.extras.register_default_jsonb(connection, loads=lambda text: text)
        _run(connection, "set timezone = 'UTC'", ())
        _run(connection, "set lock_timeout = '60s'", ())
    except psycopg2.Error as error:
        raise explain(address.shown, error) or Stop(Exit.DESTINATION, str(error)) from error
    return connection


def _require_utf8(address: Address, connection: Any) -> None:
    """Raises Stop (usage) for a database that cannot store every text a provider may send."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise usage(
            f"{address.shown} is a database in {encoding}, which cannot store every text",
            "Make one: `create database social encoding 'UTF8' template template0`, and name it in"
            " DESTINATION__POSTGRES__CREDENTIALS.",
        )


def _connect_adbc(address: Address) -> Any:
    """A connection that gives Arrow; its sessions speak UTC."""
    connection = connect_patiently(lambda: adbc.connect(address.url, autocommit=True))
    with connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
    return connection


@contextmanager
def _transaction(connection: Any) -> Iterator[Run]:
    connection.autocommit = False
    try:
        yield lambda sql, values=(): _run(connection, sql, values)
        connection.commit()
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = True


def _run(connection: Any, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(values) or None)
        return cursor.fetchall() if cursor.description else []


def _pyformat(sql: str) -> str:
    """psycopg2's placeholders; `%` is only special to it where there are values."""
    return sql.replace("%", "%%").replace("?", "%s") if "?" in sql else sql


def _numbered(sql: str) -> str:
    """Postgres's own placeholders."""
    head, *rest = sql.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
