"""A query of the report. What is printed beside a figure is, letter by letter, what made it.

The SQL is such as DuckDB and Postgres both take, with its values written out, so that it runs as
printed in `social query`, psql or DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ..destinations import Warehouse
from ..destinations.ddl import literal


class Kind(StrEnum):
    """How a column's values are written for people."""

    number = "number"
    signed = "signed"
    share = "share"  # a ratio, told in percent
    change = "change"  # against the period before, in percent
    times = "times"  # a ratio, told as so many times
    hours = "hours"
    day = "day"
    moment = "moment"
    text = "text"
    prose = "prose"  # third-party text of any length
    platform = "platform"
    handle = "handle"
    link = "link"
    settled = "settled"  # whether a day's figures are final
    weekday = "weekday"  # 1: Monday
    block = "block"  # the first of three hours


@dataclass(frozen=True)
class Column:
    """`name` is the SQL's, `title` is for people."""

    name: str
    title: str
    kind: Kind = Kind.number


@dataclass(frozen=True)
class Query:
    """One figure's question: `name` is unique on the page; columns as the SQL orders them."""

    name: str
    title: str
    sql: str
    columns: Sequence[Column]

    def ask(self, warehouse: Warehouse) -> Answer:
        names = [column.name for column in self.columns]
        rows = warehouse.query(self.sql)
        return Answer(self, [dict(zip(names, row, strict=True)) for row in rows])


@dataclass(frozen=True)
class Answer:
    """Rows by column name; None: nobody said."""

    query: Query
    rows: list[dict[str, Any]]

    @property
    def one(self) -> dict[str, Any]:
        """The row of a query that has exactly one."""
        (row,) = self.rows
        return row


PLATFORMS = {"tiktok": "TikTok", "instagram": "Instagram", "youtube": "YouTube"}


def platform_title(name: str) -> str:
    """As it writes itself; another one as the provider writes it."""
    return PLATFORMS.get(name, name)


def text(value: str) -> str:
    """A text as SQL. A question mark is bound to be a value's place where statements are sent."""
    return literal(value).replace("?", "' || chr(63) || '").replace("\0", "\ufffd")


def day(value: date) -> str:
    return f"date '{value.isoformat()}'"


def alias(name: str, prefix: str = "") -> str:
    """A column's name made of any text."""
    return '"' + prefix + re.sub(r"[^a-z0-9]+", "_", name.lower()) + '"'
