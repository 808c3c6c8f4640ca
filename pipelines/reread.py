"""Stored payloads, read again as the declarations say now: what `reprocess` writes, and what
`verify` compares with.

Only columns that a provider's field is read for are touched, never a key, and never one of which
the payload does not speak: what is stored then was carried from an earlier answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sources
from sources.http import json_body
from sources.http.errors import ProviderError
from sources.landing.changes import carried
from sources.landing.held import Stored
from sources.landing.reread import VERBATIM, Reread
from sources.landing.rows import Reader, Reject, Said
from sources.landing.tables import Column, Table

from .destinations import Warehouse
from .destinations.ddl import named

Row = dict[str, Any]

CHUNK = 20_000  # rows: about 50 MB with their payloads
_SLICE = 2_000  # of a chunk, as Python objects at a time
# NUL and lone surrogates as `payload` spells them; in typed text they are U+FFFD. A text may also
# hold these six characters themselves: only rows in `sync_repairs` had the others, and there not in
# each column.
_SPELLED = re.compile(r"\\u(?:0000|d[89a-f][0-9a-f]{2})")


def rereader(warehouse: Warehouse, provider: str, table: Table) -> Rereader:
    """The reader of a stored table's payloads."""
    sql = f'select tenant, row_key from "{provider}".sync_repairs where table_name = ?'
    known = "sync_repairs" in warehouse.tables(provider)
    repaired = warehouse.query(sql, [table.name]) if known else []
    rules: dict[str, Reread] = getattr(sources.get(provider), "REREAD", {})
    return Rereader(table, rules, frozenset((tenant, key) for tenant, key in repaired))


def typed_columns(table: Table) -> tuple[Column, ...]:
    """The columns that are read from a payload."""
    return tuple(r.column for r in table.readings if r.column.name not in table.merge_key)


@dataclass(frozen=True)
class Read:
    """A stored row and what its payload says now: the columns that differ, or why it cannot be
    typed."""

    row: Row
    differs: dict[str, Any]
    payload: Any = None
    reject: Reject | None = None


class Rereader:
    """Reads stored rows of one table again."""

    def __init__(
        self,
        table: Table,
        rules: Mapping[str, Reread],
        repaired: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.table, self.rule = table, rules.get(table.name, VERBATIM)
        self._repaired = repaired  # tenant and key of rows whose texts were made storable
        self._columns = typed_columns(table)
        self._readers: dict[str, Reader] = {}

    def read(self, row: Row) -> Read:
        """`row` has the key, the typed columns, `payload` and `fetched_at`."""
        try:
            payload = json_body.parse(row["payload"].encode())
        except ProviderError:
            return Read(row, {}, reject=self._spoilt(row))
        said = self._typed(row, payload)
        if isinstance(said, Reject):
            return Read(row, {}, payload, said)
        now = carried(self.table, said, Stored(row, completed=True), same_observation=True)
        return Read(row, dict(self._differing(row, now)), payload)

    def _typed(self, row: Row, payload: Any) -> Said | Reject:
        if isinstance(payload, dict):
            payload = self.rule.prepare(payload)
        known = {name: row[name] for name in self.table.merge_key}
        return self._reader(row["tenant"]).read(payload, row["fetched_at"], known)

    def _differing(self, row: Row, now: Row) -> Iterator[tuple[str, Any]]:
        only_gaps, repaired = self.rule.only_gaps(row), self._was_repaired(row)
        for column in self._columns:
            stored = row[column.name]
            value = now[column.name]
            if repaired and value != stored and column.type == "text" and type(value) is str:
                value = _SPELLED.sub("\ufffd", value)
            if not _same(column, stored, value) and not (only_gaps and stored is not None):
                yield column.name, value

    def _was_repaired(self, row: Row) -> bool:
        if not self._repaired:
            return False
        key = "/".join(str(part) for part in self.table.key_of(row))
        return (row["tenant"], key) in self._repaired

    def _spoilt(self, row: Row) -> Reject:
        return Reject(self.table.name, "the payload is not JSON", row["payload"][:100_000])

    def _reader(self, tenant: str) -> Reader:
        if tenant not in self._readers:
            self._readers[tenant] = Reader(self.table, tenant)
        return self._readers[tenant]


def _same(column: Column, stored: Any, value: Any) -> bool:
    if stored == value or column.type != "json" or stored is None or value is None:
        return bool(stored == value)
    return bool(json_body.parse(stored.encode()) == json_body.parse(value.encode()))


@dataclass(frozen=True)
class Span:
    """Rows of a tenant whose first key lies after `after` (None: all before) up to `through`."""

    tenant: str
    after: Any
    through: Any


def spans(warehouse: Warehouse, schema: str, table: Table, rows: int = CHUNK) -> Iterator[Span]:
    """The rows that have a payload, in spans of about so many; one key's rows stay together."""
    first = first_key(table)
    counted = (
        f'select tenant, "{first}" as k, count(*) as n from {named(schema, table.name)}'
        f' where payload is not null group by tenant, "{first}"'
    )
    numbered = (
        "select tenant, k, floor((sum(n) over (partition by tenant order by k) - n)"
        f" / cast({rows:d} as double precision)) as span from ({counted}) counted"
    )
    sql = f"select tenant, max(k) from ({numbered}) numbered group by tenant, span order by 1, 2"
    tenant, after = None, None
    for owner, through in warehouse.query(sql):
        yield Span(owner, after if owner == tenant else None, through)
        tenant, after = owner, through


def first_key(table: Table) -> str:
    """The part of the key by which spans are cut."""
    return next(name for name in table.merge_key if name != "tenant")


def rows_of(
    warehouse: Warehouse, schema: str, table: Table, columns: Sequence[str], span: Span
) -> Iterator[Row]:
    """The rows of a span that have a payload."""
    chosen = ", ".join(f'"{name}"' for name in columns)
    first, values = first_key(table), [span.tenant, span.through]
    sql = (
        f"select {chosen} from {named(schema, table.name)}"
        f' where payload is not null and tenant = ? and "{first}" <= ?'
    )
    if span.after is not None:
        sql, values = f'{sql} and "{first}" > ?', [*values, span.after]
    found = warehouse.arrow(sql, values)
    for start in range(0, found.num_rows, _SLICE):
        yield from found.slice(start, _SLICE).to_pylist()
