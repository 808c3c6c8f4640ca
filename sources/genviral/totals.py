"""Followers and totals of a target, from wherever they are served."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..extraction.table_reader import TableReader
from ..landing.batch import Batch
from ..landing.held import Held
from ..landing.rows import first
from ..landing.values import Unusable, timestamp
from .tables import TARGET_SNAPSHOTS, TARGETS

Row = dict[str, Any]

_CAPTURED_AT = TARGET_SNAPSHOTS.by_name["captured_at"].aliases
_SERIES = ("timeline", "top_posts", "topPosts")
_TOTALS = tuple(column for column in TARGET_SNAPSHOTS.columns if column.type == "bigint")


def has_totals(said: Row) -> bool:
    """Whether any total is in what was served."""
    return any(first(said, *column.aliases) is not None for column in _TOTALS)


def put_totals(
    target_id: str,
    said: Row,
    refreshed_at: datetime | None,
    rows: Batch,
    held: Held,
    now: datetime,
) -> None:
    """One observation, dated as served, else by the target's last refresh. An undated one is
    written when a figure has changed: nothing else tells that it was measured again."""
    stored = held.of(TARGET_SNAPSHOTS, target_id)
    reader = TableReader(TARGET_SNAPSHOTS, rows, now, stored, account_id=target_id)
    dated = first(said, *_CAPTURED_AT) is not None
    known: Row = {"target_id": target_id}
    known |= {} if dated else {"captured_at": refreshed_at or now}
    # Every day of the past once more at every observation would be the most of the warehouse.
    keep = {name: value for name, value in said.items() if name not in _SERIES}
    row = reader.read(said, known, keep)
    if row is None or not has_totals(said):
        return
    newest = next(iter(stored.values()), None)
    same = newest is not None and all(row[c.name] == newest.row[c.name] for c in _TOTALS)
    if dated or refreshed_at or not same:
        rows.served += 1
        reader.put_row(row)


def refreshed_at(raw: Row) -> datetime | None:
    """When a target was measured last, as far as its row says."""
    try:
        return timestamp(first(raw, *TARGETS.by_name["last_refreshed_at"].aliases))
    except Unusable:
        return None
