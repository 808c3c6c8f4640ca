"""An open warehouse, whatever engine keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sources.landing.tables import Table

from ..exits import Stop
from ..lock import Holder, Patience
from . import ddl
from .migrations import require_current

Execute = Callable[..., Any]
"""Takes a statement and its values; returns its rows."""


class Warehouse(ABC):
    """SQL given here is such as DuckDB and Postgres both take, with `?` for each bound value.

    Whatever stands in the way of a statement (connection, disk, rights) is raised as Stop.
    """

    target: str  # for people and logs: no secret in it
    pipeline_suffix = ""  # of dlt's pipeline name: each shard keeps state of its own

    @abstractmethod
    def dlt_destination(self) -> Any:
        """The destination that dlt loads into."""

    @abstractmethod
    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows; times in UTC, JSON as text."""

    @abstractmethod
    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The result as an Arrow table; times in UTC, JSON as text."""

    @abstractmethod
    def ask(self, sql: str, seconds: float) -> Generator[Any]:
        """A person's own SQL as Arrow batches. It may not write nor take longer than `seconds`, and
        nothing is asked after it. Raises Stop: usage for SQL that is refused."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Execute]:
        """Statements that are committed together when the block ends, or not at all."""

    @abstractmethod
    def explain(self, error: BaseException) -> Stop | None:
        """What stands in the way, in one sentence; None for an error that is not the engine's."""

    @abstractmethod
    def size_bytes(self) -> int: ...

    @abstractmethod
    def _said(self, schema: str) -> dict[tuple[str, str | None], str]:
        """The comments of tables and columns."""

    @abstractmethod
    def compact(self) -> None:
        """Write the tables anew, so that the files no longer hold deleted rows. Nothing else may
        use the connection meanwhile."""

    def spare_memory(self) -> None:
        """Keep what the engine itself holds in memory small, for a pass over whole tables."""
        return

    def _alone(self, execute: Execute) -> None:
        """Wait until no other process makes tables."""
        return

    @contextmanager
    def alone(self) -> Iterator[Execute]:
        """A transaction in which no other process makes tables or computes derived ones."""
        with self.transaction() as execute:
            self._alone(execute)
            yield execute

    def _missing_of_engine(self, schema: str, tables: Sequence[Table]) -> Iterator[str]:
        """What this engine needs besides tables, columns and comments."""
        yield from ()

    def tables(self, schema: str) -> dict[str, set[str]]:
        """Names of the columns of each table that exists."""
        sql = (
            "select table_name, column_name from information_schema.columns where table_schema = ?"
        )
        found: dict[str, set[str]] = defaultdict(set)
        for table, column in self.query(sql, [schema]):
            found[table].add(column)
        return dict(found)

    def put(self, schema: str, table: Table, rows: Any) -> None:
        """Write a few Arrow rows by key, without a load of dlt's own, which costs half a second."""
        where, names = ddl.named(schema, table.name), rows.column_names
        same = " and ".join(f'"{name}" = ?' for name in table.merge_key)
        columns, places = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        with self.transaction() as execute:
            for row in rows.to_pylist():
                execute(f"delete from {where} where {same}", [row[n] for n in table.merge_key])
                execute(f"insert into {where} ({columns}) values ({places})", list(row.values()))

    def prepare(self, schema: str, tables: Iterable[Table]) -> None:
        """Make what is missing of the declared tables: columns, comments, indexes. Where nothing
        is, this only reads."""
        declared = list(tables)
        if not any(self._missing(schema, declared)):
            return
        with self.alone() as execute:
            if not self._has(schema):
                execute(f'create schema if not exists "{schema}"')
            for statement in list(self._missing(schema, declared)):
                execute(statement)

    def _has(self, schema: str) -> bool:
        sql = "select 1 from information_schema.schemata where schema_name = ?"
        return bool(self.query(sql, [schema]))

    def _missing(self, schema: str, tables: Sequence[Table]) -> Iterator[str]:
        from . import dlt_tables  # dlt reads its settings when it is imported

        there, said = self.tables(schema), self._said(schema)
        for name, statement in dlt_tables.create(schema):
            if name not in there:
                yield statement
        for table in tables:
            if table.name not in there:
                yield ddl.create_table(schema, table)
            for column in ddl.columns_of(table):
                if column.name not in there.get(table.name, {column.name}):
                    yield ddl.add_column(schema, table, column)
            for column_name, text, statement in ddl.comments(schema, table):
                if said.get((table.name, column_name)) != text:
                    yield statement
        yield from self._missing_of_engine(schema, tables)


OnOpen = Callable[[Warehouse], None]
"""What is done with a warehouse before anything else. By default one of another schema version is
refused."""


class Destination(Protocol):
    """A warehouse before it is opened. `folder` and `name`: where files that belong to it lie."""

    @property
    def target(self) -> str: ...

    @property
    def folder(self) -> Path: ...

    @property
    def name(self) -> str: ...

    @property
    def warning_before_query(self) -> str | None:
        """What a person's own SQL could still do here, and how to prevent it; None for nothing."""
        ...

    def exists(self) -> bool:
        """Whether there is something to open for reading."""
        ...

    def writing(
        self, holder: Holder, patience: Patience = ..., on_open: OnOpen = require_current
    ) -> AbstractContextManager[Warehouse]:
        """The warehouse, locked and open. Raises Stop: exit 7 when another run holds it, exit 2
        when it is of another schema version."""
        ...

    def reading(self, on_open: OnOpen = require_current) -> AbstractContextManager[Warehouse]:
        """The warehouse, for reading. Raises Stop: exit 6 when it cannot be opened, exit 2 when it
        is of another schema version."""
        ...
