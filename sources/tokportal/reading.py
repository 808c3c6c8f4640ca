"""What reading an account's answers has in common, whichever answer it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.rows import Reader, Reject, Said
from ..landing.tables import Table

Row = dict[str, Any]


class AccountReader:
    """Reads one account's answers into a batch. `now` is the provider's clock; `full`: the key sees
    everything, so a null in an answer is a fact and no redaction."""

    def __init__(
        self, account_id: str, batch: Batch, held: Held, now: datetime, *, full: bool = False
    ) -> None:
        self.account_id, self.batch, self.held, self.now = account_id, batch, held, now
        self.full = full

    def reader(self, table: Table) -> Reader:
        return self.batch.reader(table)

    def usable(self, table: Table, said: Said | Reject) -> Said | None:
        """The row, unless it was rejected: then that is noted."""
        self.batch.served += 1
        if isinstance(said, Reject):
            self.batch.reject(said, self.account_id, self.now)
            return None
        self.batch.repaired(table, said, self.account_id)
        return said

    def seen(self, row: Row, said: Said) -> Row:
        """The row with its sightings: first kept, last now, removed as the caller said."""
        return row | {
            "first_seen_at": row["first_seen_at"] or self.now,
            "last_seen_at": self.now,
            "removed_at": said.row["removed_at"],
        }


def measured(table: Table) -> tuple[str, ...]:
    """The columns that hold figures."""
    return tuple(c.name for c in table.columns if c.type in ("bigint", "double"))
