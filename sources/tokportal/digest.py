"""Whether many rows have changed, in sixteen digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from ..landing.tables import Table

Row = dict[str, Any]


def digest(table: Table, rows: Iterable[Row]) -> str:
    """Sixteen hex digits that tell whether any compared column of listed rows has changed."""
    names = [c.name for c in table.columns if c.compared and c.name != "removed_at"]
    said = hashlib.sha256()
    for row in rows:
        said.update(repr([str(row[name]) for name in names]).encode(errors="replace"))
    return said.hexdigest()[:16]
