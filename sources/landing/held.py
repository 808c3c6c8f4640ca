"""What the warehouse already holds of some accounts, so that only what is new is written.

The extract asks; the pipeline answers (only it opens a destination). A row counts as held only when
the load that wrote it completed: a killed load leaves rows of some tables and not of others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from .tables import Table

Row = dict[str, Any]
Key = tuple[Any, ...]
Moment = datetime | date


@dataclass(frozen=True)
class Stored:
    """A row as the warehouse has it. `completed`: its load is one that counts."""

    row: Row
    completed: bool


class Held(Protocol):
    """Rows of a window of accounts."""

    def of(self, table: Table, account_id: str) -> dict[Key, Stored]:
        """Rows of one account by key; of snapshot tables only the newest capture."""
        ...

    def since(
        self, table: Table, account_id: str, moment: Moment, until: Moment | None = None
    ) -> dict[Key, Stored]:
        """Rows of one account captured at or after a moment, and before another; of a table by
        day, rows of these days."""
        ...

    def where(self, table: Table, account_id: str, column: str, value: str) -> dict[Key, Stored]:
        """Rows of one account with this value in a column."""
        ...

    def among(self, table: Table, column: str, values: Sequence[str]) -> dict[Key, Stored]:
        """Rows of any account with one of these values in a column."""
        ...

    def whole(self, table: Table, newest: int | None = None) -> dict[Key, Stored]:
        """Rows of a table that is not by account; all, or so many of the newest."""
        ...


Lookup = Callable[[str, Sequence[str]], Held]
"""Tenant and account ids in, what is held of them out."""


class NothingHeld:
    """A warehouse that is empty, or not asked: everything is new, and merging keeps it single."""

    def of(self, table: Table, account_id: str) -> dict[Key, Stored]:
        return {}

    def since(
        self, table: Table, account_id: str, moment: Moment, until: Moment | None = None
    ) -> dict[Key, Stored]:
        return {}

    def where(self, table: Table, account_id: str, column: str, value: str) -> dict[Key, Stored]:
        return {}

    def among(self, table: Table, column: str, values: Sequence[str]) -> dict[Key, Stored]:
        return {}

    def whole(self, table: Table, newest: int | None = None) -> dict[Key, Stored]:
        return {}


def nothing_held(tenant: str, account_ids: Sequence[str]) -> Held:
    """The lookup for a plain `pipeline.run(source())`."""
    return NothingHeld()
