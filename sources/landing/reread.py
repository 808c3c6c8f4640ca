"""How a stored payload is read again, where it is not simply the row that its columns came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


def _as_it_is(payload: Row) -> Row:
    return payload


def _never(row: Row) -> bool:
    return False


@dataclass(frozen=True)
class Reread:
    """`prepare` makes of a stored payload what the columns are read from. `only_gaps` tells of a
    stored row that its columns have another origin too: what they say stands, gaps are filled."""

    prepare: Callable[[Row], Row] = _as_it_is
    only_gaps: Callable[[Row], bool] = _never


VERBATIM = Reread()
