"""One transform at a time on Postgres, beside the syncs of any shard: they write other schemas."""

from __future__ import annotations

from ..exits import usage
from ..lock import Patience, take
from . import grants
from .fence import LOCK_CLASS
from .warehouse import Warehouse

_TRANSFORMING = -2  # beside the lock of shards (from 0) and of who makes tables (-1)


def transforming(warehouse: Warehouse, patience: Patience) -> None:
    """Take the lock for as long as the warehouse is open. Raises Stop: exit 7 when another has it,
    usage for a right that is missing."""

    def try_once() -> bool:
        sql = "select pg_try_advisory_lock(?, ?)"
        return bool(warehouse.query(sql, [LOCK_CLASS, _TRANSFORMING])[0][0])

    take(try_once, lambda: "another `social transform`", patience)
    if statements := grants.missing_for_marts(warehouse):
        raise usage(f"{warehouse.target}: a right is missing", f"Its owner runs: {statements[0]}")
