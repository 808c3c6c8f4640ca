"""Rows that a run could not type: where they were meant to go, and why not."""

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Reject:
    """One row of `sync_rejects`."""

    table: str
    account_id: str | None
    reason: str
    raw: str


def rejects(warehouse: Path, schema: str = "tokportal") -> list[Reject]:
    """All of them, in a stable order."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"select table_name, account_id, reason, raw from {schema}.sync_rejects order by all"
        ).fetchall()
    return [Reject(*row) for row in rows]
