"""The CSV export as rows: RFC 4180, by header name. Pure; knows neither HTTP nor tables.

Which columns there are depends on the plan, and neither their order, delimiter nor spelling is
documented: names are matched in lower case with spaces and dashes as underscores.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..http.errors import BadBody

# A caption may be longer than the 128 KiB that the reader takes by default; the body has its cap.
csv.field_size_limit(2**31 - 1)
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class SheetRow:
    """A row by normalised column name; an empty cell says nothing and is left out. `cells` is the
    row as it came, by heading. `problem` tells why it is no row, None when it is one."""

    said: dict[str, str]
    cells: dict[str, str]
    problem: str | None = None


def read_sheet(text: str) -> tuple[tuple[str, ...], Iterator[SheetRow]]:
    """The normalised column names, and the rows one by one.

    Raises BadBody for a text without a header; so does the iterator where quotes do not close.
    """
    records = _records(text.removeprefix("\ufeff"))
    headings = next(records, [])
    columns = _unique(normalised(heading) for heading in headings)
    if not any(columns):
        raise BadBody("a CSV without a header", code="not_csv")
    return columns, (_row(columns, headings, cells) for cells in records)


def normalised(heading: str) -> str:
    """`Published At` and `published-at` are published_at."""
    return re.sub(r"[\s\-]+", "_", heading.strip().lower())


def _records(text: str) -> Iterator[list[str]]:
    # Lines one by one: io.StringIO would hold the text again at four bytes a character.
    lines = (match.group() for match in _LINE.finditer(text))
    try:
        for cells in csv.reader(lines, delimiter=_delimiter(text), strict=True):
            if cells:
                yield cells
    except csv.Error as error:
        raise BadBody(f"the CSV breaks off or is not RFC 4180: {error}", code="not_csv") from None


def _delimiter(text: str) -> str:
    header = text[: text.find("\n")] if "\n" in text else text
    return max(_DELIMITERS, key=header.count)


def _unique(names: Iterator[str]) -> tuple[str, ...]:
    """A column that comes twice keeps its first place; the repeat gets a name nobody reads."""
    seen: dict[str, None] = {}
    for number, name in enumerate(names):
        seen[name if name not in seen else f"{name}_{number}"] = None
    return tuple(seen)


def _row(columns: tuple[str, ...], headings: list[str], cells: list[str]) -> SheetRow:
    as_came = dict(zip(headings, cells, strict=False))
    if len(cells) != len(columns):
        problem = f"{len(cells)} cells under {len(columns)} headings"
        return SheetRow({}, {**as_came, "": repr(cells[len(headings) :])}, problem)
    said = {name: cell for name, cell in zip(columns, cells, strict=True) if cell != ""}
    return SheetRow(said, as_came)
