"""What the marts were made of, kept beside them: whether they are due, and whether to go on from
the rows that are there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sources

from .dbt_profile import SCHEMA
from .destinations import Warehouse
from .destinations.warehouse import Execute

PROJECT = Path(__file__).resolve().parent.parent / "transform"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_BUILDS, _RETYPED = f'"{SCHEMA}"."builds"', f'"{SCHEMA}"."retyped"'


@dataclass(frozen=True)
class Made:
    """What marts are made of, as digests. `models`: our models, dbt, and how often landed rows were
    typed anew in place; `loads`: every load of every provider. `began_at`: before anything of it
    was read."""

    models: str
    loads: str
    began_at: datetime = field(compare=False)

    @property
    def whole(self) -> bool:
        """The build came to its end, and its tests found nothing."""
        return bool(self.loads)


def made_of(warehouse: Warehouse) -> Made:
    """What marts that are built now are made of."""
    began_at = datetime.now(UTC)
    return Made(_models(warehouse), _loads(warehouse), began_at)


def _models(warehouse: Warehouse) -> str:
    files = sorted(path for path in PROJECT.rglob("*") if path.suffix in (".sql", ".yml"))
    content = b"".join(path.read_bytes() for path in files if path.is_file())
    retyped = 0
    if "retyped" in warehouse.tables(SCHEMA):
        retyped = warehouse.query(f"select count(*) from {_RETYPED}")[0][0]
    return hashlib.sha256(content + f"{version('dbt-core')} {retyped}".encode()).hexdigest()


def _loads(warehouse: Warehouse) -> str:
    parts: list[Any] = []
    for name in sources.names():
        tables = warehouse.tables(name)
        parts += [name, sorted((table, sorted(columns)) for table, columns in tables.items())]
        if "_dlt_loads" in tables:
            sql = f'select count(*), max(load_id) from "{name}"."_dlt_loads"'
            parts += [list(row) for row in warehouse.query(sql)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def built(warehouse: Warehouse) -> Made | None:
    """What the marts that are there were made of; None where there are none. `loads` is empty where
    a build did not come to its end, or a test of it found something; `models` where that was one
    from nothing."""
    if "builds" not in warehouse.tables(SCHEMA):
        return None
    rows = warehouse.query(f"select models, loads, built_at from {_BUILDS}")
    return Made(*rows[0]) if rows else None


def due(warehouse: Warehouse) -> bool:
    """Whether a run brought rows of data that the marts lack. A load by itself is no reason: also a
    sync that finds nothing new writes when it looked."""
    before = built(warehouse)
    if before is not None and before.models != _models(warehouse):
        return True
    since = before.began_at if before else _NEVER
    return any(_brought(warehouse, name, since) for name in sources.names())


def _brought(warehouse: Warehouse, provider: str, since: datetime) -> bool:
    if "sync_runs" not in warehouse.tables(provider):
        return False
    sql = (
        f'select 1 from "{provider}".sync_runs where rows_written > 0 and finished_at >= ? limit 1'
    )
    return bool(warehouse.query(sql, [since]))


def begin(warehouse: Warehouse, before: Made | None, *, anew: bool) -> None:
    """Note that a build is under way: what a kill leaves of it is built again, and from nothing
    where that was begun."""
    models = "" if anew or before is None else before.models
    keep(warehouse, Made(models, "", before.began_at if before else _NEVER))


def keep(warehouse: Warehouse, made: Made) -> None:
    with warehouse.transaction() as execute:
        if not _has_schema(warehouse):
            execute(f'create schema "{SCHEMA}"')
        execute(
            f"create table if not exists {_BUILDS} (models varchar not null,"
            " loads varchar not null, built_at timestamptz not null)"
        )
        execute(f"delete from {_BUILDS}")
        values = [made.models, made.loads, made.began_at]
        execute(f"insert into {_BUILDS} values (?, ?, ?)", values)


def prepare_note(warehouse: Warehouse) -> bool:
    """Whether marts are there that should be told when landed rows are typed anew."""
    if not _has_schema(warehouse):
        return False
    if "retyped" not in warehouse.tables(SCHEMA):
        with warehouse.transaction() as execute:
            execute(
                f"create table {_RETYPED} (run_id varchar not null, noted_at timestamptz not null)"
            )
    return True


def note_retyped(execute: Execute, run_id: str) -> None:
    """In the transaction that types rows anew under the load they came with: the increments of the
    marts look at loads, so the next transform must build from nothing."""
    execute(f"insert into {_RETYPED} values (?, ?)", [run_id, datetime.now(UTC)])


def _has_schema(warehouse: Warehouse) -> bool:
    sql = "select 1 from information_schema.schemata where schema_name = ?"
    return bool(warehouse.query(sql, [SCHEMA]))
