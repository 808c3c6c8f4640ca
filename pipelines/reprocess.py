"""`social reprocess`: typed columns again from the stored payloads, after a declaration changed.

No request. A table is read in spans of its key, each written in a transaction of its own: memory is
that of one span, and a kill costs that span; the next run finds the others done. A row that cannot
be typed stays as it is and goes to `sync_rejects`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sources
from sources.landing.batch import Batch
from sources.landing.outcomes import SYNC_REJECTS
from sources.landing.tables import Column, Table

from .builds import note_retyped, prepare_note
from .destinations import Shard, Warehouse, destination
from .destinations.ddl import named, sql_type
from .exits import Exit
from .lock import Holder, Patience
from .reread import Read, Span, rereader, rows_of, spans
from .retype import retype
from .selection import select
from .signals import Stopper, stopped_by_signals

Row = dict[str, Any]


@dataclass(frozen=True)
class ReprocessRequest:
    """What was asked on the command line."""

    select: Sequence[str] = ()
    wait_seconds: float = 0.0
    target: str = "duckdb"
    shard: Shard | None = None  # whose lock is taken; the rows of all are read


@dataclass
class TableResult:
    """What became of one table. `rows`: with a payload; `changed`: cells by column;
    `without_payload`: rows left alone because they are derived from others; `retyped`: columns
    that got another type."""

    provider: str
    table: str
    rows: int = 0
    without_payload: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    retyped: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "changed": dict(self.changed)}

    def line(self) -> str:
        cells = ", ".join(f"{name} {n:,}" for name, n in sorted(self.changed.items()))
        return f"{self.provider}.{self.table}: {cells or 'nothing'}" + (
            f"; {self.rejected:,} rows cannot be typed" if self.rejected else ""
        )


@dataclass
class ReprocessResult:
    """All tables that were looked at, in order; `signal_exit` where a signal ended it."""

    tables: list[TableResult] = field(default_factory=list)
    signal_exit: Exit | None = None

    @property
    def exit_code(self) -> Exit:
        return self.signal_exit or Exit.OK

    def as_json(self) -> dict[str, Any]:
        tables = [table.as_json() for table in self.tables]
        return {"exit_code": int(self.exit_code), "tables": tables}

    def last_line(self) -> str:
        cells = sum(sum(table.changed.values()) for table in self.tables)
        rows = sum(table.rows for table in self.tables)
        alone = sum(table.without_payload for table in self.tables)
        said = f"{cells:,} cells changed in {rows:,} rows, no request"
        said += f"; {alone:,} rows have no payload of their own and were left as they are"
        if rejected := sum(table.rejected for table in self.tables):
            said += f"; {rejected:,} rows cannot be typed, see sync_rejects"
        if self.signal_exit:
            return f"Interrupted: {said}. Run it again for the rest."
        return f"{said}."


def reprocess(
    request: ReprocessRequest, run_id: str, say: Callable[[str], None]
) -> ReprocessResult:
    """Type every selected table again. Raises Stop for usage, lock and an unusable destination."""
    chosen = _chosen(request.select)
    result = ReprocessResult()
    place = destination(request.target, request.shard)
    with (
        stopped_by_signals() as stopper,
        place.writing(
            Holder(run_id, "reprocess"), Patience(request.wait_seconds, stopper)
        ) as warehouse,
    ):
        warehouse.spare_memory()
        for provider, table in _stored_tables(chosen, warehouse):
            if not stopper.stop.is_set():
                work = _TableWork(warehouse, provider, table, run_id, stopper)
                result.tables.append(work.result)
                work.run()
                say(work.result.line())
        result.signal_exit = stopper.exit_code
    return result


def _chosen(words: Sequence[str]) -> dict[str, set[str]]:
    """Names of tables by provider; all of them where nothing is selected."""
    if not words:
        every = {name: sources.get(name).DATA_TABLES for name in sources.names()}
        return {name: {table.name for table in tables} for name, tables in every.items()}
    selection = select(words, ())
    return {
        name: {t.name for s in selection.streams(name) for t in sources.get(name).STREAMS[s]}
        for name in selection.providers
    }


def _stored_tables(
    chosen: dict[str, set[str]], warehouse: Warehouse
) -> Iterator[tuple[str, Table]]:
    """Those that exist and have payloads; columns that a newer version declares are made."""
    for provider, names in chosen.items():
        source, there = sources.get(provider), warehouse.tables(provider)
        stored = [table for table in source.DATA_TABLES if table.name in names & there.keys()]
        if stored:
            warehouse.prepare(provider, [*stored, SYNC_REJECTS])
        yield from ((provider, table) for table in stored if table.payload)


@dataclass
class _TableWork:
    """One table, span by span."""

    warehouse: Warehouse
    provider: str
    table: Table
    run_id: str
    stopper: Stopper
    result: TableResult = field(init=False)

    def __post_init__(self) -> None:
        self.result = TableResult(self.provider, self.table.name)
        self._rereader = rereader(self.warehouse, self.provider, self.table)
        self._marts_there = prepare_note(self.warehouse)

    def run(self) -> None:
        self.result.retyped = retype(self.warehouse, self.provider, self.table)
        if self.result.retyped and self._marts_there:
            with self.warehouse.transaction() as execute:
                note_retyped(execute, self.run_id)
        where = named(self.provider, self.table.name)
        sql = f"select count(*) from {where} where payload is null"
        self.result.without_payload = self.warehouse.query(sql)[0][0]
        for span in list(spans(self.warehouse, self.provider, self.table)):
            if self.stopper.stop.is_set():
                return
            self._do(span)

    def _do(self, span: Span) -> None:
        columns = [column.name for column in self.table.all_columns]
        changed: list[Read] = []
        rejects = Batch("default", self.run_id, [SYNC_REJECTS])
        for row in rows_of(self.warehouse, self.provider, self.table, columns, span):
            read = self._rereader.read(row)
            self.result.rows += 1
            if read.reject:
                rejects.tenant = row["tenant"]
                rejects.reject(read.reject, row.get(self.table.account), row["fetched_at"])
            elif read.differs:
                changed.append(read)
        self._write(changed, rejects)

    def _write(self, changed: list[Read], rejects: Batch) -> None:
        if changed:
            with self.warehouse.transaction() as execute:
                write_cells(execute, self.provider, self.table, changed)
                if self._marts_there:
                    note_retyped(execute, self.run_id)
            self.result.changed.update(name for read in changed for name in read.differs)
        if len(rejects):
            self.warehouse.put(self.provider, SYNC_REJECTS, rejects.arrow()[SYNC_REJECTS.name])
            self.result.rejected += len(rejects)


def write_cells(
    execute: Callable[..., Any], schema: str, table: Table, changed: Sequence[Read]
) -> None:
    """Write the columns in which stored rows differ. One statement for all rows: their new values
    travel as a list per column."""
    names = {name for read in changed for name in read.differs}
    fresh = [column for column in table.all_columns if column.name in names]
    keys = [table.by_name[name] for name in table.merge_key]
    given = ", ".join(f'unnest(?::{_sent(c)}[]) as "{c.name}"' for c in (*keys, *fresh))
    setting = ", ".join(f'"{c.name}" = {_stored(c)}' for c in fresh)
    same = " and ".join(f't."{c.name}" = v."{c.name}"' for c in keys)
    values = [[read.row[c.name] for read in changed] for c in keys]
    values += [[read.differs.get(c.name, read.row[c.name]) for read in changed] for c in fresh]
    execute(
        f"update {named(schema, table.name)} t set {setting} from (select {given}) v where {same}",
        values,
    )


def _sent(column: Column) -> str:
    return "varchar" if column.type == "json" else sql_type(column)


def _stored(column: Column) -> str:
    value = f'v."{column.name}"'
    return f"cast({value} as json)" if column.type == "json" else value
