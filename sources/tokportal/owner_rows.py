"""What the owner's streams have in common: rows against what is held, and endpoints not offered."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from ..http.errors import NoDataYet, NotFound, NotInPlan
from ..http.pagination import Listing
from ..landing.batch import Batch
from ..landing.changes import carried, differs
from ..landing.held import Key, Stored
from ..landing.rows import Reader, Reject, Said
from ..landing.tables import Table
from .scope import Scope

T = TypeVar("T")
Row = dict[str, Any]


class NotOffered(NoDataYet):
    """This deployment of the provider has no such endpoint."""

    code = "not_offered"
    remedy = "Nothing to do; it is asked again once a day."


async def offered(answer: Awaitable[T], gone: str | None = None) -> T:
    """The answer of an endpoint that a deployment may lack. A list: raises NotOffered for a 404.
    Of one thing, whose own error code is `gone`: NoDataYet for that code, and NotInPlan for
    any other 404, which ends the asking one by one."""
    try:
        return await answer
    except NotFound as error:
        kind = NoDataYet if error.code == gone else NotInPlan
        kind = NotOffered if gone is None else kind
        raise kind(error.message, status=error.status, request_id=error.request_id) from error


def narrowed(table: Table, *names: str) -> Table:
    """The table with these columns and its key alone, without payload: all that a comparison needs
    of many rows. No names: all columns."""
    wanted = {*names, *table.key} if names else set(table.by_name)
    columns = tuple(column for column in table.columns if column.name in wanted)
    return replace(table, columns=columns, payload=False)


class OwnerReader:
    """Reads rows of one table and puts those that are new or changed.

    None of these streams is redacted by plan, so an explicit null is a fact. `compared` is the
    table as the stored rows have it.
    """

    def __init__(
        self,
        table: Table,
        batch: Batch,
        now: datetime,
        stored: Mapping[Key, Stored],
        compared: Table | None = None,
    ) -> None:
        self.table, self.batch, self.now, self.stored = table, batch, now, stored
        self._compared = compared or table
        self._reader = Reader(table, batch.tenant)

    def read(self, raw: Any, known: Row | None = None, keep: Any = None) -> Row | None:
        """The typed row, completed from the stored one; None when it had to be rejected."""
        said = self._reader.read(raw, self.now, known, keep=keep)
        if isinstance(said, Reject):
            self.batch.reject(said, None, self.now)
            return None
        self.batch.repaired(self.table, said, None)
        return self._completed(said)

    def reject(self, reason: str, raw: Any) -> None:
        """A row that is none."""
        self.batch.reject(self._reader.reject(reason, raw), None, self.now)

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


def digest(table: Table, rows: Iterable[Row]) -> str:
    """Sixteen hex digits that tell whether any compared column of the rows has changed."""
    names = [column.name for column in table.columns if column.compared]
    said = hashlib.sha256()
    for row in rows:
        said.update(repr([str(row[name]) for name in names]).encode(errors="replace"))
    return said.hexdigest()[:16]
