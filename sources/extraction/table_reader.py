"""Rows of one table against what is held of it: only what is new or changed is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.changes import carried, differs
from ..landing.held import Key, Stored
from ..landing.rows import Reader, Reject, Said
from ..landing.tables import Table
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
    the owner's), `compared` the table as the stored rows have it.
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
        self._compared = compared or table
        self._reader = Reader(table, batch.tenant)

    def read(self, raw: Any, known: Row | None = None, keep: Any = None) -> Row | None:
        """The typed row, completed from the stored one; None when it had to be rejected."""
        said = self._reader.read(raw, self.now, known, keep=keep)
        if isinstance(said, Reject):
            self.batch.reject(said, self.account_id, self.now)
            return None
        self.batch.repaired(self.table, said, self.account_id)
        return self._completed(said)

    def reject(self, reason: str, raw: Any) -> None:
        """A row that is none."""
        self.batch.reject(self._reader.reject(reason, raw), self.account_id, self.now)

    def put(self, raw: Any, known: Row | None = None, keep: Any = None) -> Row | None:
        """As `read`; the row is written when it is new or changed."""
        row = self.read(raw, known, keep)
        if row is not None:
            self.put_row(row)
        return row

    def see(self, raw: Any, known: Row | None = None) -> Row | None:
        """As `put`, for what is listed: when it was first seen, and that it is there."""
        row = self.read(raw, known)
        if row is not None:
            self.put_row(self.seen(row))
        return row

    def seen(self, row: Row) -> Row:
        """The row with its sightings."""
        row["first_seen_at"] = row["first_seen_at"] or self.now
        row["last_seen_at"], row["removed_at"] = self.now, None
        return row

    def mark_gone(self, listed: Collection[Key]) -> None:
        """What is stored and is not in a complete listing has been removed."""
        for key, stored in self.stored.items():
            if key not in listed and stored.row["removed_at"] is None:
                gone = {"removed_at": self.now, "fetched_at": self.now}
                self.batch.put(self.table, stored.row | gone)

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

    def _completed(self, said: Said) -> Row:
        stored = self.stored.get(self.table.key_of(said.row))
        return carried(self._compared, said, stored, trust_nulls=True)


def prove(scope: Scope, batch: Batch, stream: str, listing: Listing) -> None:
    """One row about whether the listing was complete."""
    status = "proven" if listing.complete else "moved_during_read"
    scope.notes.complete(
        batch,
        scope.now(),
        stream,
        status,
        "distinct ids = pagination.total",
        expected=listing.total,
        landed=len(listing.rows),
    )
