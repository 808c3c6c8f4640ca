"""Where a warehouse is kept: DuckDB or Postgres. Nothing else in the project knows which."""

from __future__ import annotations

from sources.extraction.shards import Shard

from ..exits import usage
from .duckdb import DuckDB
from .warehouse import Destination, Warehouse

__all__ = ["Destination", "DuckDB", "Shard", "Warehouse", "destination"]


def destination(target: str, shard: Shard | None = None) -> Destination:
    """The warehouse of `--target` for one shard, or for all accounts. Raises Stop (usage)."""
    from ..settings import duckdb_path, postgres_reader_url, postgres_url

    if target == "postgres":
        from .address import Address
        from .postgres import ALONE, Postgres

        reader = postgres_reader_url()
        return Postgres(
            Address.parse(postgres_url()),
            shard or ALONE,
            Address.parse(reader, "READ_CREDENTIALS") if reader else None,
        )
    if shard is not None:
        raise usage(
            f"shard {shard} cannot write to DuckDB: its file takes one writer at a time",
            "Leave --shard out, or use --target postgres.",
        )
    return DuckDB(duckdb_path())
