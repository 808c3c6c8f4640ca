"""`social migrate`: brings a warehouse that an older program made to this program's version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sources

from .destinations import Shard, destination
from .destinations.migrations import (
    VERSION,
    Migration,
    accept_older,
    migrate,
    pending,
    version_of,
)
from .exits import Exit, Stop
from .expected import recount
from .lock import Holder, Patience

_TOLD = ("version", "name", "does", "loses")


@dataclass(frozen=True)
class MigrateRequest:
    """What was asked on the command line."""

    target: str = "duckdb"
    wait_seconds: float = 0.0
    dry_run: bool = False
    shard: Shard | None = None


@dataclass(frozen=True)
class MigrateResult:
    """`from_version` is None for a warehouse that holds nothing yet. `migrations`: applied, or with
    `dry_run` still needed."""

    target: str
    from_version: int | None
    migrations: Sequence[Migration]
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "exit_code": int(Exit.OK),
            "target": self.target,
            "from_version": self.from_version,
            "to_version": VERSION,
            "dry_run": self.dry_run,
            "migrations": [
                {name: getattr(each, name) or None for name in _TOLD} for each in self.migrations
            ],
        }

    def lines(self) -> list[str]:
        """A line per migration."""
        return [f"{m.version:>4}  {m.name}: {m.does} {m.loses}".rstrip() for m in self.migrations]

    def last_line(self) -> str:
        if not self.migrations:
            return f"{self.target} is at schema version {VERSION}, as this program. Nothing to do."
        steps = f"from schema version {self.from_version} to {VERSION}"
        if self.dry_run:
            return f"{self.target} would be migrated {steps}. Nothing was changed."
        return f"{self.target} was migrated {steps}."


def migrate_warehouse(request: MigrateRequest, confirm: Callable[[str], None]) -> MigrateResult:
    """Apply what is pending, or with `dry_run` only list it. `confirm` is called with what would be
    lost, and raises Stop when that is refused. Raises Stop: exit 2 for a warehouse that a newer
    program made, exit 6 where there is none, exit 7 when another run holds it."""
    place = destination(request.target, request.shard)
    if not place.exists():
        missing = f"there is no warehouse at {place.target} yet"
        raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
    opened = (
        place.reading(accept_older)
        if request.dry_run
        else place.writing(Holder(), Patience(request.wait_seconds), accept_older)
    )
    with opened as warehouse:
        version, needed = version_of(warehouse.query), pending(warehouse)
        if not request.dry_run:
            for lossy in (each for each in needed if each.loses):
                confirm(f"{warehouse.target}, migration {lossy.version}: {lossy.loses}")
            migrate(warehouse, needed)
            for provider in sources.names() if needed else ():
                recount(warehouse, provider)
    return MigrateResult(place.target, version, needed, request.dry_run)
