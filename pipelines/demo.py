"""`social demo`: the whole main job against the local sandbox, twice, a day apart.

The world is small and the sandbox's rate a hundred times the documented one, so that it is over in
seconds; what the documented rate would mean is said at the end.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from sandbox.server import Settings, start

from .exits import Exit, gravest
from .settings import prepare_dlt, project_root

_WORLD = Settings(port=0, accounts=40, posts=1000, days=60, rate=12_000)
_DOCUMENTED_PER_MINUTE = 120
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Day:
    """One sync of the demo: its result, and how many rows each table holds after it."""

    result: Any
    rows: dict[str, int]


def run_demo() -> Exit:
    """Run it and print what it did. Returns the graver exit code of the two syncs."""
    console = Console(highlight=False)
    database = project_root() / "data" / "sandbox.duckdb"
    _forget(database)
    console.print(
        f"SANDBOX DATA: an emulator of TokPortal with {_WORLD.accounts} made-up accounts and"
        f" {_WORLD.posts:,} posts.\nNothing leaves this machine; your own warehouse is not"
        " touched.\n"
    )
    with start(_WORLD) as sandbox:
        _point_at(sandbox, database)
        first = _sync(database)
        _control(sandbox.url, "clock", {"advance_seconds": _DAY_SECONDS})
        second = _sync(database)
    _print_days(console, first, second)
    _print_next(console, database)
    return gravest(day.result.exit_code for day in (first, second))


def _forget(database: Path) -> None:
    for path in (database, database.with_name(database.name + ".wal")):
        path.unlink(missing_ok=True)


def _point_at(sandbox: Any, database: Path) -> None:
    """The environment comes first in dlt's order: real keys in secrets.toml are not read."""
    os.environ["SOURCES__TOKPORTAL__API_KEY"] = sandbox.keys["tokportal"]
    os.environ["SOURCES__TOKPORTAL__BASE_URL"] = sandbox.base_urls["tokportal"]
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(database)


def _sync(database: Path) -> Day:
    prepare_dlt()
    from .destinations import DuckDB
    from .progress import progress
    from .sync import SyncRequest, new_run_id, sync

    run_id = new_run_id()
    with progress("auto", run_id, quiet=not sys.stderr.isatty()) as told:
        result = sync(SyncRequest(select=["tokportal"], command="demo"), run_id, told)
    with DuckDB(database).reading() as warehouse:
        rows = {
            name: warehouse.query(f'select count(*) from tokportal."{name}"')[0][0]
            for name in warehouse.tables("tokportal")
            if not name.startswith("_dlt")
        }
    return Day(result, rows)


def _control(url: str, what: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310  (our own child on loopback)
        f"{url}/_sandbox/{what}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).read()  # noqa: S310


def _print_days(console: Console, first: Day, second: Day) -> None:
    import sources

    grid = Grid("tokportal", "first sync", "a day later", "of these written", title="Rows")
    for column in grid.columns[1:]:
        column.justify = "right"
    written = second.result.providers[0].written
    for table in sources.get("tokportal").DATA_TABLES:
        held = [day.rows.get(table.name, 0) for day in (first, second)]
        counts = (*held, written[table.name])
        grid.add_row(table.name, *(f"{count:,}" for count in counts))
    console.print(grid)
    grid = Grid("endpoint", "first sync", "a day later", title="Requests")
    for column in grid.columns[1:]:
        column.justify = "right"
    asked = [day.result.providers[0].requests_by_endpoint for day in (first, second)]
    for endpoint in sorted(asked[0] | asked[1]):
        grid.add_row(endpoint, *(f"{day.get(endpoint, 0):,}" for day in asked))
    grid.add_section()
    totals = [sum(day.values()) for day in asked]
    grid.add_row("all", *(f"{total:,}" for total in totals))
    console.print(grid)
    seconds = [_seconds(day) for day in (first, second)]
    documented = [60 * max(0.0, total / _DOCUMENTED_PER_MINUTE - 1) for total in totals]
    console.print(
        f"This took {seconds[0]:.1f} s and {seconds[1]:.1f} s at {_WORLD.rate:,} requests a minute."
        f" At TokPortal's documented {_DOCUMENTED_PER_MINUTE} a minute (the first"
        f" {_DOCUMENTED_PER_MINUTE} at once) it would be about {_span(documented[0])} and"
        f" {_span(documented[1])}."
    )


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{max(1, round(seconds))} s"


def _seconds(day: Day) -> float:
    took: float = (day.result.finished_at - day.result.started_at).total_seconds()
    return took


def _print_next(console: Console, database: Path) -> None:
    console.print(
        f"\nThe rows are in {database}, schema tokportal (sandbox data, on its own).\n\n"
        "Try\n"
        "  social schema                       what every table and column means\n"
        "  DESTINATION__DUCKDB__CREDENTIALS=data/sandbox.duckdb social status\n"
        "  social init, then social check      with a key of your own\n"
        "  social sync                         your accounts into data/warehouse.duckdb",
        markup=False,
    )
