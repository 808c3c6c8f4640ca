"""Rows of one table against what is held of it: only what is new or changed is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.changes import carried, differs
from ..landing.held import Held, Key, Stored
from ..landing.rows import Reject, Said
from ..landing.tables import Table
from .proof import Proof, prove_listing
from .removal import bring_back, remove
from .scope import Scope

Row = dict[str, Any]


def narrowed(table: Table, *names: str) -> Table:
    """The table with these columns and its key alone, without payload: all that a comparison needs
    of many rows. No names: all columns."""
    wanted = {*names, *table.key} if names else set(table.by_name)
    columns = tuple(column for column in table.columns if column.name in wanted)
    return replace(table, columns=columns, payload=False)


class TableReader:
    """Reads rows of one table and puts those that are new or changed.

    For what no plan redacts: an explicit null is a fact. `account_id` is whose rows they are (None:
    the owner's), `compared` the table as the stored rows have it. `landed` are the keys of the rows
    that are in the table, `rejected` counts those that could not be read, `withheld` those that the
    privacy rules keep out.
    """

    def __init__(
        self,
        table: Table,
        batch: Batch,
        now: datetime,
        stored: Mapping[Key, Stored],
        compared: Table | None = None,
        account_id: str | None = None,
    ) -> None:
        self.account_id = account_id
        self.table, self.batch, self.now, self.stored = table, batch, now, stored
        self.landed: set[Key] = set()
        self.rejected = self.withheld = 0
        self._compared = compared or table
        self._reader = batch.reader(table)

    def read(self, raw: Any, known: Row | None = None, keep: Any = None) -> Row | None:
        """The typed row, completed from the stored one; None when it had to be rejected or must
        not be stored."""
        said = self._reader.read(raw, self.now, known, keep=keep)
        if isinstance(said, Reject):
            self._reject(said)
            return None
        if self.batch.privacy.refuses(self.table, said.row):
            self.withheld += 1
            return None
        self.batch.repaired(self.table, said, self.account_id)
        self.landed.add(self.table.key_of(said.row))
        return self._stamped(self._completed(said))

    def reject(self, reason: str, raw: Any) -> None:
        """A row that is none."""
        self._reject(self._reader.reject(reason, raw))

    def _reject(self, reject: Reject) -> None:
        self.rejected += 1
        self.batch.reject(reject, self.account_id, self.now)

    def put(self, raw: Any, known: Row | None = None, keep: Any = None) -> Row | None:
        """As `read`; the row is written when it is new or changed."""
        row = self.read(raw, known, keep)
        if row is not None:
            self.put_row(row)
        return row

    def put_row(self, row: Row) -> bool:
        """Write a row that `read` gave, unless it is stored as it is; tells whether it is news."""
        news = differs(self._compared, row, self.stored.get(self.table.key_of(row)))
        if news:
            self.batch.put(self.table, row)
        return news

    def put_all(self, listing: Listing) -> list[Row]:
        """All rows of a listing; those without an id are rejected."""
        read = [self.put(raw) for raw in (*listing.rows.values(), *listing.nameless)]
        return [row for row in read if row is not None]

    def conclude(
        self,
        proof: Proof,
        held: Held,
        *,
        everything: bool = True,
        full: Callable[[], Mapping[Key, Stored]] | None = None,
    ) -> None:
        """Bring back what went with rows that are listed again and, after a complete listing, mark
        what it lacks as removed.

        Args:
            proof: what the listing proves.
            held: the warehouse, for what goes with these rows.
            everything: whether all that is stored here was asked, without a filter.
            full: the stored rows with all columns, where those that are compared have fewer.
        """
        back = [stored.row for key, stored in self.stored.items() if key in self.landed]
        bring_back(self.table, back, self.batch, held, self.now)
        there = [key for key, stored in self.stored.items() if stored.row["removed_at"] is None]
        gone = [key for key in there if key not in self.landed]
        if everything and proof.complete and gone:
            rows = full() if full else self.stored
            gone_rows = [rows[key].row for key in gone if key in rows]
            remove(self.table, gone_rows, self.now, self.batch, held, self.now)

    def _completed(self, said: Said) -> Row:
        stored = self.stored.get(self.table.key_of(said.row))
        return carried(self._compared, said, stored, trust_nulls=True)

    def _stamped(self, row: Row) -> Row:
        """The row as one that is listed now: first and last seen, and not removed."""
        if "first_seen_at" in self.table.by_name:
            row["first_seen_at"] = row["first_seen_at"] or self.now
        if "last_seen_at" in self.table.by_name:
            row["last_seen_at"] = self.now
        if self.table.listed:
            row["removed_at"] = None
        return row


def conclude_listing(
    scope: Scope, batch: Batch, stream: str, listing: Listing, reader: TableReader
) -> Proof:
    """What a paginated listing of a whole stream proves, written as a row."""
    proof = prove_listing(listing, len(reader.landed), reader.rejected, withheld=reader.withheld)
    equation = "distinct ids in the table = pagination.total"
    scope.notes.complete(batch, scope.now(), stream, proof, equation)
    return proof
