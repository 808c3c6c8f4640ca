"""The rows of one load. Keys are unique in it before the database ever sees them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import outcomes, payload
from .changes import filled
from .privacy import KEEP_ALL, Privacy
from .rows import Reader, Reject, Said
from .tables import Table

Row = dict[str, Any]


class Batch:
    """Collects typed rows per table; becomes Arrow tables for one load. Rows that `privacy` refuses
    do not come in."""

    def __init__(
        self,
        tenant: str,
        run_id: str,
        tables: Iterable[Table],
        privacy: Privacy = KEEP_ALL,
    ) -> None:
        self.tenant, self.run_id, self.privacy = tenant, run_id, privacy
        self.tables = {table.name: table for table in tables}
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        self.served = 0  # rows that the provider served, also those that are held already

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._rows.values())

    def put(self, table: Table, row: Row) -> None:
        """Add a row; of two with the same key, the newer observation wins.

        Two of the same observation complete each other; of rows of ours the last one stands.
        """
        if self.privacy is not KEEP_ALL:
            if self.privacy.refuses(table, row):
                return
            row = self.privacy.unlinked(table, row)
        rows, key = self._rows[table.name], table.key_of(row)
        if (earlier := rows.get(key)) is not None and table.kind == "data":
            row = _merged(table, row, earlier)
        rows[key] = row

    def take(self, other: Batch) -> None:
        """Add all rows of a finished piece of work."""
        for name, rows in other._rows.items():
            for row in rows.values():
                self.put(self.tables[name], row)

    def piece(self) -> Batch:
        """A batch of the same kind for one piece of work, taken only when the work is complete."""
        return Batch(self.tenant, self.run_id, self.tables.values(), self.privacy)

    def reader(self, table: Table) -> Reader:
        """A reader of a table's rows under this batch's tenant and privacy rules."""
        return Reader(table, self.tenant, self.privacy)

    def data_rows(self) -> int:
        """Rows of provider data; marks and ledgers do not count."""
        data = (name for name, table in self.tables.items() if table.kind == "data")
        return sum(self.count(name) for name in data)

    def count(self, name: str) -> int:
        return len(self._rows[name]) if name in self._rows else 0

    def rows(self, table: Table) -> list[Row]:
        return list(self._rows[table.name].values()) if table.name in self._rows else []

    def reject(self, reject: Reject, account_id: str | None, now: datetime) -> None:
        """A row that could not be typed is kept as text, with the reason."""
        seed = f"{self.tenant}\0{reject.table}\0{account_id}\0{reject.raw}"
        self.put(
            outcomes.SYNC_REJECTS,
            {
                "tenant": self.tenant,
                "reject_id": hashlib.sha256(seed.encode(errors="replace")).hexdigest(),
                "run_id": self.run_id,
                "account_id": account_id,
                "table_name": reject.table,
                "reason": reject.reason,
                "raw": self.privacy.masked(reject.raw, everywhere=True)
                if self.privacy.authors
                else reject.raw,
                "fetched_at": now,
            },
        )

    def rejected(self, table: str | None = None) -> int:
        """How many rows were rejected: of one table, or of all."""
        rejects = self.rows(outcomes.SYNC_REJECTS)
        return sum(table in (None, reject["table_name"]) for reject in rejects)

    def repaired(self, table: Table, said: Said, account_id: str | None) -> None:
        """A row that landed with texts made storable is named."""
        if not said.repairs:
            return
        self.put(
            outcomes.SYNC_REPAIRS,
            {
                "tenant": self.tenant,
                "table_name": table.name,
                "row_key": "/".join(str(part) for part in table.key_of(said.row)),
                "run_id": self.run_id,
                "account_id": account_id,
                "texts": said.repairs,
                "fetched_at": said.row["fetched_at"],
            },
        )

    def note(self, table: Table, now: datetime, *entry: str | None, **facts: Any) -> None:
        """A ledger row whose `entry_id` is made of the run and the given parts."""
        row: Row = dict.fromkeys(column.name for column in table.columns)
        row |= {"tenant": self.tenant, "run_id": self.run_id, "fetched_at": now, **facts}
        if "entry_id" in row:
            row["entry_id"] = ":".join([self.run_id, *(part or "" for part in entry)])
        self.put(table, row)

    def arrow(self, also: Collection[str] = ()) -> dict[str, pa.Table]:
        """One Arrow table per table that got rows, and empty ones for `also`: a table that a plan
        or a quiet account leaves empty exists all the same."""
        return {
            name: _to_arrow(table, list(self._rows.get(name, {}).values()))
            for name, table in self.tables.items()
            if self._rows.get(name) or name in also
        }


def _merged(table: Table, row: Row, earlier: Row) -> Row:
    was, now = earlier.get("captured_at"), row.get("captured_at")
    if was and now and was != now:
        return row if now > was else earlier  # a stale copy may be served after the fresh one
    erasable = {column.name: None for column in table.columns if column.erasable}
    return filled(row, earlier | erasable)


def _to_arrow(table: Table, rows: list[Row]) -> pa.Table:
    schema = table.arrow_schema
    columns = [_column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """One text that no database can store must not fail the batch, wherever it came from."""
    try:
        array = pa.array(values, type=kind)
        storable = kind != pa.string() or not pc.any(pc.match_substring(array, "\0")).as_py()
    except UnicodeEncodeError:  # a lone surrogate
        storable = False
    if storable:
        return array
    return pa.array([payload.storable(text) if text else text for text in values], type=kind)
