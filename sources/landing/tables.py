"""The declaration of a table: the one place that says what it holds.

A declaration drives extraction (aliases), the Arrow schema, dlt's hints, comments in the database,
`social schema` and the tests. Nothing about a table is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

Type = Literal["text", "bigint", "double", "bool", "timestamp", "date", "json"]

_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "json": pa.string(),  # JSON travels as text; dlt's hint makes the column JSON
}


@dataclass(frozen=True)
class Column:
    """A column and where to read it.

    `aliases` are the provider's names in order of preference, dotted for nested ones; empty for a
    column that we fill ourselves. `erasable`: an explicit null is a fact and replaces the stored
    value; otherwise null and absence both mean "not said" and the stored value stays. `compared`:
    whether a new value alone makes the row worth writing again. `figure`: the value was measured at
    the moment of the row's observation, and means nothing beside figures of another moment.
    """

    name: str
    type: Type
    description: str
    aliases: tuple[str, ...] = ()
    erasable: bool = False
    compared: bool = True
    figure: bool = False


class Reading:
    """A column's aliases, taken apart once: as paths, and those that need no descent. `is_id`: the
    column is text and part of the key."""

    def __init__(self, column: Column, key: tuple[str, ...] = ()) -> None:
        self.column = column
        self.is_id = column.type == "text" and column.name in key
        self.paths = tuple(tuple(alias.split(".")) for alias in column.aliases)
        self.flat = tuple(path for path in self.paths if len(path) == 1)


@dataclass(frozen=True)
class Table:
    """A table: what one row is (`grain`), what makes it unique (`key`), and its columns.

    `tenant`, `fetched_at` and, where the row is a provider's own, `payload` are added to every
    table. `kind`: `data` is what a provider said, `index` is ours to know what to ask next,
    `ledger` is what a run did. `account` names the column that tells whose row it is.
    `retention`: the setting in `[retention]` that limits how long rows are kept; comments are also
    what `[privacy] hash_authors` and `social forget` are about. `quotes_people`: rows can hold
    other people's texts and names.

    `listed`: complete listings of the table are read, so a row that one of them lacks is gone, and
    the table has `removed_at`. `goes_with`: the column that names the row of another listed table
    with which a row is removed, and comes back.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    payload: bool = True
    kind: Literal["data", "index", "ledger"] = "data"
    account: str = "account_id"
    listed: bool = False
    goes_with: str | None = None
    retention: Literal["comments", "raw"] | None = None
    quotes_people: bool = False

    @cached_property
    def moment(self) -> str | None:
        """Of a table of observations, the column that tells when."""
        return next((name for name in ("captured_at", "fetched_on") if name in self.key), None)

    @cached_property
    def when(self) -> str:
        """The column of the key by which rows are asked for: the moment, or the day they are of."""
        return self.moment or "date"

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        return (_TENANT, *self.columns, *((_PAYLOAD,) if self.payload else ()), _FETCHED_AT)

    @cached_property
    def merge_key(self) -> tuple[str, ...]:
        """What a merge matches on: the key within a tenant."""
        return ("tenant", *(name for name in self.key if name != "tenant"))

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.all_columns}

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Where each column that a provider fills is read."""
        return tuple(Reading(column, self.key) for column in self.columns if column.aliases)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The objects inside a row that dotted aliases look into."""
        dotted = (path for reading in self.readings for path in reading.paths if len(path) > 1)
        return tuple({path[0]: None for path in dotted})

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([(column.name, _ARROW[column.type]) for column in self.all_columns])

    def same_observation(self, row: dict[str, Any], stored: dict[str, Any]) -> bool:
        """Whether the figures of two rows of one key were measured at one moment by one source.
        Where nothing tells the moment, each reading is an observation."""
        if self.when in self.key:
            return True
        if "captured_at" not in self.by_name or row["captured_at"] is None:
            return False
        same_source = row.get("source") in (None, stored.get("source"))
        return same_source and row["captured_at"] == stored.get("captured_at")

    def dlt_columns(self) -> dict[str, Any]:
        """dlt's hints: type, description, and which row wins when a key comes twice in one load."""
        hints: dict[str, Any] = {
            column.name: {
                "data_type": column.type,
                "nullable": column.name not in self.merge_key,
                "description": column.description,
            }
            for column in self.all_columns
        }
        hints["fetched_at"]["dedup_sort"] = "desc"
        return hints

    def key_of(self, row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)


@dataclass(frozen=True)
class Aliases:
    """A table of ids that changed (`old_id` → `tracked_post_id`), and the tables that follow."""

    table: Table
    rekeyed: tuple[Table, ...]


@dataclass(frozen=True)
class Derived:
    """A table that is computed from what the warehouse holds, and never read from the provider.

    It has one row for each value that `column` has in any row of `parents`; the column has the same
    name in these tables and is the key of `table`. `rows` makes the rows of given values, under
    the options of the provider; `tenant` and `fetched_at` are added to them.
    """

    table: Table
    column: str
    parents: tuple[Table, ...]
    rows: Callable[[Any, Iterable[str]], Iterable[dict[str, Any]]]


_TENANT = Column(
    "tenant", "text", "Label of the API key that saw this row; `default` for the plain key."
)
_PAYLOAD = Column("payload", "json", "The provider's own row, verbatim.", compared=False)
_FETCHED_AT = Column(
    "fetched_at",
    "timestamp",
    "When this row was read, on the provider's clock (UTC).",
    compared=False,
)


def column(name: str, type_: Type, description: str, *aliases: str, **rules: bool) -> Column:
    """A column read from a provider's row, under its own name or else under the aliases."""
    return Column(name, type_, description, (name, *aliases), **rules)


def ours(name: str, type_: Type, description: str, **rules: bool) -> Column:
    """A column that the project fills; no provider field is read for it."""
    return Column(name, type_, description, (), **rules)


# Of a point of a daily series: when it was read first. With `changed_at` it tells how late a
# provider still restates its days; `mark_changes` (landing/changes.py) fills both.
FIRST_READ = ours(
    "first_read_at", "timestamp", "When this point was read first (UTC).", compared=False
)


def changed_at(metric: str) -> Column:
    """When a figure of a point last changed after its first reading."""
    return ours(
        f"{metric}_changed_at",
        "timestamp",
        f"Last reading that brought another value of {metric} (UTC); NULL: the first one holds.",
        compared=False,
    )


def removed_at(description: str = "Since when a complete listing lacks it") -> Column:
    """The column of a listed table that tells since when a row is gone."""
    text = f"{description}; NULL while it is listed."
    return ours("removed_at", "timestamp", text, erasable=True)


# Of what a listing shows: columns that `TableReader` and its like fill.
FIRST_SEEN = ours("first_seen_at", "timestamp", "First listing that had it (UTC).", compared=False)
LAST_SEEN = ours(
    "last_seen_at",
    "timestamp",
    "Listing that last changed this row or, once removed, the last that had it (UTC).",
    compared=False,
)
