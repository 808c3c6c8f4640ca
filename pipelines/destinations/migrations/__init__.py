"""The schema version of a warehouse, and the numbered migrations that raise it.

One number stands for the whole warehouse. It is kept in `social.schema_version`, a row per
migration that was applied. New tables and columns need no migration: `Warehouse.prepare` adds them.
A migration is for everything else: types, keys, constraints, moved or renamed data. How to write
one: docs/migrations.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sources

from ...exits import usage
from . import m0001_nullable_load_ids, m0002_one_spelling

if TYPE_CHECKING:
    from ..warehouse import Execute, Warehouse

SCHEMA = "social"
_CREATE = (
    "create table if not exists {table} (version integer primary key, name varchar not null,"
    " applied_at timestamptz not null)",
    "comment on table {table} is 'one row per migration that this warehouse went through'",
    "comment on column {table}.version is 'The newest is the version of the warehouse.'",
    "comment on column {table}.name is 'The migration; `created` in a new warehouse.'",
    "comment on column {table}.applied_at is 'When, by the clock of the database (UTC).'",
)

Query = Callable[..., list[tuple[Any, ...]]]
"""Takes SQL with `?` for each value, and the values; returns the rows."""


@dataclass(frozen=True)
class Migration:
    """One step from the version before. `does` and `loses` are sentences for people; `loses` is
    empty where no stored value is lost. `statements` reads the warehouse and yields SQL with its
    bound values, which runs in one transaction; where there is nothing to do it yields none."""

    version: int
    name: str
    does: str
    statements: Callable[[Query], Iterator[tuple[str, tuple[Any, ...]]]]
    loses: str = ""


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        "nullable_load_ids",
        "Lets rows be written that belong to no load, as those of sync_runs and verify_findings.",
        m0001_nullable_load_ids.statements,
    ),
    Migration(
        2,
        "one_spelling",
        "Spells stored audiences and comment pulses as later versions do.",
        m0002_one_spelling.statements,
    ),
)
VERSION = MIGRATIONS[-1].version


def version_of(query: Query) -> int | None:
    """The version of a warehouse: 0 when it was made before versions were kept. None when it holds
    nothing yet, or when this user may not read its version."""
    made = "select 1 from pg_catalog.pg_tables where schemaname = ?"  # DuckDB has this view too
    readable = "select 1 from information_schema.tables where table_schema = ?"
    if query(f"{made} and tablename = 'schema_version'", [SCHEMA]):
        if not query(f"{readable} and table_name = 'schema_version'", [SCHEMA]):
            return None
        ((version,),) = query(f"select max(version) from {_table(query)}")
        return int(version or 0)
    return 0 if any(query(f"{readable} limit 1", [name]) for name in sources.names()) else None


def refuse_newer(query: Query, target: str) -> int | None:
    """Returns the version. Raises Stop (usage) for a warehouse that a newer program made."""
    version = version_of(query)
    if version is not None and version > VERSION:
        raise usage(
            f"{target} was made by a newer version of social: its schema version is {version},"
            f" and this program knows {VERSION}",
            "Nothing was changed. Install the newer version again.",
        )
    return version


def require_current(warehouse: Warehouse) -> None:
    """Raises Stop (usage) for a warehouse that an older or a newer program made."""
    version = refuse_newer(warehouse.query, warehouse.target)
    if version is not None and version < VERSION:
        raise usage(
            f"{warehouse.target} was made by an older version of social: its schema version is"
            f" {version}, and this program needs {VERSION}",
            f"Run `social migrate{_target_flag(warehouse.target)}`. `social sync` does it by itself"
            " where nothing can be lost.",
        )


def accept_older(warehouse: Warehouse) -> None:
    """Raises Stop (usage) only for a warehouse that a newer program made."""
    refuse_newer(warehouse.query, warehouse.target)


def stamp_new(warehouse: Warehouse) -> None:
    """Write the version into a warehouse that holds nothing yet."""
    if version_of(warehouse.query) is None:
        with warehouse.alone() as execute:
            if version_of(warehouse.query) is None:  # another shard may have been first
                _record(warehouse, execute, VERSION, "created")


def pending(warehouse: Warehouse) -> list[Migration]:
    """The migrations that a warehouse still needs, in their order."""
    version = version_of(warehouse.query)
    return [] if version is None else [each for each in MIGRATIONS if each.version > version]


def migrate(warehouse: Warehouse, migrations: Sequence[Migration]) -> None:
    """Apply migrations, each in one transaction with its row in `social.schema_version`: a kill
    leaves the version before it or after it. One that another shard has applied is left out."""
    for migration in migrations:
        with warehouse.alone() as execute:
            if (version_of(warehouse.query) or 0) < migration.version:
                for statement, values in list(migration.statements(warehouse.query)):
                    execute(statement, values)
                _record(warehouse, execute, migration.version, migration.name)


def migrate_without_loss(warehouse: Warehouse) -> list[Migration]:
    """Apply what is pending and return it. Raises Stop (usage), with nothing changed, where a
    migration would lose stored values."""
    needed = pending(warehouse)
    for migration in needed:
        if migration.loses:
            raise usage(
                f"{warehouse.target} needs migration {migration.version}. {migration.loses}",
                "Nothing was changed. Back the warehouse up, then run"
                f" `social migrate{_target_flag(warehouse.target)}`.",
            )
    migrate(warehouse, needed)
    return needed


def _table(query: Query) -> str:
    """With the database in front: in a file `social.duckdb`, `social.…` alone is ambiguous."""
    ((database,),) = query("select replace(current_database(), '\"', '\"\"')")
    return f'"{database}".{SCHEMA}.schema_version'


def _target_flag(target: str) -> str:
    return " --target postgres" if target.startswith("postgres:") else ""


def _record(warehouse: Warehouse, execute: Execute, version: int, name: str) -> None:
    if not warehouse.query(
        "select 1 from information_schema.schemata where schema_name = ?", [SCHEMA]
    ):
        execute(f"create schema {SCHEMA}")
    table = _table(warehouse.query)
    for statement in _CREATE:
        execute(statement.format(table=table))
    execute(f"insert into {table} values (?, ?, now())", [version, name])
