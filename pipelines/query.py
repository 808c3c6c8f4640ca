"""`social query`: SQL on the warehouse, read only; its rows as a table, CSV or JSON.

CSV and JSON are written while the rows come: memory is that of one batch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any

from sources.http.redaction import escaped, neutral

from .destinations import Destination
from .standard_streams import output_error

LONGEST_SECONDS = 600.0
SHOWN_ROWS = 500  # of a table: a screen holds no more, and its widths need all rows at once
_ANY_WIDTH = 1_000_000  # of a pipe

Row = Sequence[Any]

_FORMULA_SIGNS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are full-width


@dataclass(frozen=True)
class Answer:
    """Names of the columns, and the rows as they come."""

    columns: list[str]
    rows: Iterator[Row]


def query(
    place: Destination, sql: str, write: Callable[[Answer], None], seconds: float = LONGEST_SECONDS
) -> None:
    """Run the SQL for at most `seconds` and write its rows. Raises Stop: usage for SQL that is
    refused or takes too long, exit 6 for a warehouse that another program writes."""
    with place.reading() as warehouse, closing(warehouse.ask(sql, seconds)) as batches:
        first = next(batches)
        write(Answer(list(first.schema.names), _rows(first, batches)))


def _rows(first: Any, others: Iterable[Any]) -> Iterator[Row]:
    for batch in _one_after_another(first, others):
        if output_error() is not None:  # nobody reads any more
            return
        columns = [
            _values(batch.schema.field(i), batch.column(i)) for i in range(batch.num_columns)
        ]
        yield from zip(*columns, strict=True)


def _one_after_another(first: Any, others: Iterable[Any]) -> Iterator[Any]:
    yield first
    yield from others


def _values(field: Any, column: Any) -> list[Any]:
    """As Python values. Postgres's numeric comes as text that says what it is."""
    said = (field.metadata or {}).get(b"ADBC:postgresql:typname")
    values: list[Any] = column.to_pylist()
    if said == b"numeric":
        return [None if value is None else Decimal(value) for value in values]
    return values


def as_csv(out: IO[str], *, for_spreadsheet: bool = False) -> Callable[[Answer], None]:
    """RFC 4180. NULL is nothing at all, an empty text is `""`. `for_spreadsheet`: a text that a
    spreadsheet would take for a formula gets an apostrophe in front, and every text is quoted."""
    of_text = _inert if for_spreadsheet else _quoted

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool | int | float | Decimal):
            return _quoted(_text(value))
        return of_text(_text(value))

    def write(answer: Answer) -> None:
        out.write(",".join(map(of_text, answer.columns)) + "\r\n")
        for row in answer.rows:
            out.write(",".join(map(cell, row)) + "\r\n")

    return write


def _inert(text: str) -> str:
    # Quoted always: where the system's list separator is `;`, a bare one would begin a new cell.
    formula = text.lstrip(" \0\ufeff")[:1] in _FORMULA_SIGNS
    text = f"'{text}" if formula else text
    return '"' + text.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    if text and not any(sign in text for sign in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def as_json(out: IO[str]) -> Callable[[Answer], None]:
    """One array, an object per row; times in ISO 8601, whole numbers and decimals with all their
    digits."""

    def write(answer: Answer) -> None:
        names = [_json(name) for name in _unique(answer.columns)]
        before = "["
        for row in answer.rows:
            pairs = (f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True))
            out.write(f"{before}\n{{{', '.join(pairs)}}}")
            before = ","
        out.write("[]\n" if before == "[" else "\n]\n")

    return write


def _unique(names: Sequence[str]) -> list[str]:
    """`count` twice would be one key of an object."""
    return [
        name if name not in names[:place] else f"{name}_{place + 1}"
        for place, name in enumerate(names)
    ]


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    if isinstance(value, dict):
        inner = (f"{_json(k)}: {_json(v)}" for k, v in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return escaped(json.dumps(_text(value), ensure_ascii=False))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, dict | list):
        return _json(value)
    return str(value)


def as_table(say: Callable[[str], None], *, terminal: bool) -> Callable[[Answer], None]:
    """For people. Wide values are cut on a terminal alone; `say` tells of rows left out."""

    def write(answer: Answer) -> None:
        from rich.table import Table

        from .terminal import PlainConsole

        grid = Table(box=None, header_style="bold", pad_edge=False)
        for name in answer.columns:
            grid.add_column(neutral(name), no_wrap=True, overflow="ellipsis")
        more = _fill(grid, answer.rows)
        PlainConsole(width=None if terminal else _ANY_WIDTH).print(grid)
        if more:
            say(f"Only the first {SHOWN_ROWS} rows; --format csv or json has all of them.")

    return write


def _fill(grid: Any, rows: Iterator[Row]) -> bool:
    """Whether rows are left."""
    from rich.text import Text

    for count, row in enumerate(rows):
        if count == SHOWN_ROWS:
            return True
        grid.add_row(*(Text("NULL", "dim") if v is None else Text(_line(v)) for v in row))
    return False


def _line(value: Any) -> str:
    return neutral(" ".join(_text(value).splitlines()))
