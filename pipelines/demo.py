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

from rich.table import Table as Grid

from sandbox.server import Settings, start

from .exits import Exit, gravest
from .settings import prepare_dlt, project_root
from .terminal import PlainConsole

_WORLD = Settings(
    port=0,
    accounts=40,
    posts=1000,
    days=60,
    rate=12_000,
    genviral_rate=6_000,
    tokfluence_rate=60_000,
)
_DOCUMENTED_PER_MINUTE = {"tokportal": 120, "genviral": 60, "tokfluence": 600}
_DAY_SECONDS = 86_400
_BUDGET = 2_500


@dataclass(frozen=True)
class Day:
    """One sync of the demo: its result, and how many rows each table holds after it, by provider
    and table."""

    result: Any
    rows: dict[tuple[str, str], int]

    def of(self, provider: str) -> Any:
        return next(one for one in self.result.providers if one.name == provider)


def run_demo() -> Exit:
    """Run it and print what it did. Returns the graver exit code of the two syncs."""
    console = PlainConsole()
    database = project_root() / "data" / "sandbox.duckdb"
    _forget(database)
    console.print(
        f"SANDBOX DATA: an emulator of TokPortal, Genviral and Tokfluence with {_WORLD.accounts}"
        f" made-up accounts and {_WORLD.posts:,} posts.\nNothing leaves this machine; your own"
        " warehouse is not touched.\n"
    )
    with start(_WORLD) as sandbox:
        _point_at(sandbox, database)
        first = _sync(database)
        _control(sandbox.url, "clock", {"advance_seconds": _DAY_SECONDS})
        second = _sync(database)
    _print_days(console, first, second)
    built = _build_marts(console)
    report = _write_report(console, database)
    _print_next(console, database, report)
    return gravest([*(day.result.exit_code for day in (first, second)), built])


def _forget(database: Path) -> None:
    for path in (database, database.with_name(database.name + ".wal")):
        path.unlink(missing_ok=True)


def _point_at(sandbox: Any, database: Path) -> None:
    """The environment comes first in dlt's order: real keys in secrets.toml are not read."""
    for provider, url in sandbox.base_urls.items():
        section = f"SOURCES__{provider.upper()}"
        os.environ[f"{section}__API_KEY"] = sandbox.keys[provider]
        os.environ[f"{section}__BASE_URL"] = url
        faster = 100 * _DOCUMENTED_PER_MINUTE[provider]
        os.environ[f"{section}__REQUESTS_PER_MINUTE"] = str(faster)
    # Every request to Tokfluence costs credits: it follows the posts that TokPortal knows.
    os.environ["SOURCES__TOKFLUENCE__POSTS_FROM"] = "tokportal"
    os.environ["SOURCES__TOKFLUENCE__CAMPAIGN_IDS"] = "4711"
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(database)


def _sync(database: Path) -> Day:
    prepare_dlt()
    from sources.http.budget import Budget

    from .destinations import DuckDB
    from .progress import progress
    from .sync import SyncRequest, new_run_id, sync

    run_id = new_run_id()
    request = SyncRequest(command="demo", budget=Budget(max_credits=_BUDGET))
    with progress("auto", run_id, quiet=not sys.stderr.isatty()) as told:
        result = sync(request, run_id, told)
    with DuckDB(database).reading() as warehouse:
        rows = {
            (schema, name): warehouse.query(f'select count(*) from {schema}."{name}"')[0][0]
            for schema in _DOCUMENTED_PER_MINUTE
            for name in warehouse.tables(schema)
        }
    return Day(result, rows)


def _build_marts(console: PlainConsole) -> Exit:
    from .transform import TransformRequest, transform

    result = transform(TransformRequest())
    console.print(f"\n{result.last_line()} BI reads schema marts, and nothing else.")
    return result.exit_code


def _write_report(console: PlainConsole, database: Path) -> Path:
    from .report import ReportRequest, make_report

    result = make_report(ReportRequest(output=database.with_name("sandbox-report.html")))
    console.print(f"The report is written: {result.last_line()}")
    return result.path


def _control(url: str, what: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310  (our own child on loopback)
        f"{url}/_sandbox/{what}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).read()  # noqa: S310


def _print_days(console: PlainConsole, first: Day, second: Day) -> None:
    _print_rows(console, first, second)
    _print_requests(console, first, second)
    seconds = " and ".join(f"{_seconds(day):.1f} s" for day in (first, second))
    console.print(f"This took {seconds} at a hundred times the documented rates. At those:")
    for provider, rate in _DOCUMENTED_PER_MINUTE.items():
        asked = [day.of(provider).requests for day in (first, second)]
        spans = " and ".join(_span(60 * max(0.0, n / rate - 1)) for n in asked)
        console.print(
            f"  {provider:<10}  about {spans}  ({rate} a minute, the first {rate} at once)"
        )
    credits = [day.of("tokfluence").credits or 0 for day in (first, second)]
    console.print(f"Tokfluence charged {credits[0]:,} and {credits[1]:,} credits.")


def _grid(title: str, *columns: str) -> Grid:
    grid = Grid(*columns, title=title)
    for column in grid.columns[1:]:
        column.justify = "right"
    return grid


def _print_rows(console: PlainConsole, first: Day, second: Day) -> None:
    import sources

    grid = _grid("Rows", "table", "first sync", "a day later", "of these written")
    for provider in _DOCUMENTED_PER_MINUTE:
        written = second.of(provider).written
        for table in sources.get(provider).DATA_TABLES:
            held = [day.rows.get((provider, table.name), 0) for day in (first, second)]
            counts = (*held, written[table.name])
            grid.add_row(f"{provider}.{table.name}", *(f"{count:,}" for count in counts))
        grid.add_section()
    console.print(grid)


def _print_requests(console: PlainConsole, first: Day, second: Day) -> None:
    grid = _grid("Requests", "endpoint", "first sync", "a day later")
    for provider in _DOCUMENTED_PER_MINUTE:
        asked = [day.of(provider).requests_by_endpoint for day in (first, second)]
        for endpoint in sorted(asked[0] | asked[1]):
            counts = (f"{day.get(endpoint, 0):,}" for day in asked)
            grid.add_row(f"{provider} {endpoint}", *counts)
        grid.add_row(f"{provider}, all", *(f"{sum(day.values()):,}" for day in asked))
        grid.add_section()
    console.print(grid)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{max(1, round(seconds))} s"


def _seconds(day: Day) -> float:
    took: float = (day.result.finished_at - day.result.started_at).total_seconds()
    return took


def _print_next(console: PlainConsole, database: Path, report: Path) -> None:
    console.print(
        f"\nThe rows are in {database}, a schema per provider (sandbox data, on its own).\n\n"
        "Try\n"
        f"  {report}  in a browser: it needs no network\n"
        "  social schema                       what every table and column means\n"
        "  transform/README.md                 what every mart means\n"
        "  DESTINATION__DUCKDB__CREDENTIALS=data/sandbox.duckdb social status\n"
        "  social init, then social check      with a key of your own\n"
        "  social sync                         your accounts into data/warehouse.duckdb",
    )
