"""`social transform`: dbt builds the marts (transform/) from what is landed, and tests them.

dbt runs in this process, on a profile made of our settings. What it was built from is kept beside
the marts: where nothing has changed since, dbt is not even started.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import sources

from .builds import PROJECT, begin, built, due, keep, made_of
from .client_rules import ClientCoverage, stored_coverage
from .dbt_profile import profile
from .destinations import Destination, DuckDB, Warehouse, destination
from .destinations.errors import explain_duckdb_text, temporary_folder
from .exits import Exit, Stop, usage
from .lock import Holder, Patience
from .schema import declared

_BROKEN = ("error", "fail", "warn", "runtime error")  # `warn`: a test found rows


@dataclass(frozen=True)
class TransformRequest:
    """What was asked on the command line. `select` is dbt's own: `fct_post_day+`, `tag:…`."""

    target: str = "duckdb"
    select: Sequence[str] = ()
    full_refresh: bool = False
    wait_seconds: float = 0.0
    only_if_due: bool = False  # not for loads that brought no data


@dataclass
class TransformResult:
    """What was built. `broken`: a name and why, for each model or test that failed."""

    models: int = 0
    tests: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    tests_broken: bool = False
    unchanged: bool = False
    seconds: float = 0.0
    clients: ClientCoverage | None = None  # None: no rules, or a file of rules that is wrong
    notes: list[str] = field(default_factory=list)  # for people

    @property
    def exit_code(self) -> Exit:
        if not self.broken:
            return Exit.OK
        return Exit.CHECK_FAILED if self.tests_broken else Exit.BUG

    def as_json(self) -> dict[str, Any]:
        clients = self.clients.as_json() if self.clients else None
        return {"exit_code": int(self.exit_code), **vars(self), "clients": clients}

    def last_line(self) -> str:
        if self.unchanged:
            return "Nothing was loaded since the marts were built. --full-refresh builds them anew."
        done = f"{self.models} models, {self.tests} tests, {self.seconds:.1f} s"
        if not self.broken:
            return f"The marts are built: {done}."
        return (
            f"{len(self.broken)} of it failed: {done}. What was loaded is safe."
            " `social transform --full-refresh` builds the marts from nothing."
        )


def transform(request: TransformRequest) -> TransformResult:
    """Build what is due. Raises Stop for usage, a lock and an unusable destination."""
    place, started = destination(request.target), monotonic()
    with _alone(place, request) as warehouse:
        if request.only_if_due and not due(warehouse):
            return TransformResult(unchanged=True)
        now, before = made_of(warehouse), built(warehouse)
        if now == before and not request.full_refresh and not request.select:
            return _with_clients(TransformResult(unchanged=True), warehouse)
        # Rows that other models made are not a beginning to go on from.
        anew = request.full_refresh or (before is not None and now.models != before.models)
        if not request.select:
            begin(warehouse, before, anew=anew)
        result = _build(place, replace(request, full_refresh=anew), _variables(warehouse))
        if not request.select and result.exit_code is not Exit.BUG:
            keep(warehouse, now if not result.broken else replace(now, loads=""))
        _with_clients(result, warehouse)
    result.seconds = monotonic() - started
    return result


def _with_clients(result: TransformResult, warehouse: Warehouse) -> TransformResult:
    """The result, with what the rules of clients.toml caught."""
    try:
        result.clients = stored_coverage(warehouse)
    except Stop as stop:  # the marts are built from the stored rules, whatever the file says
        result.notes = [f"WARN  {stop.message}. {stop.remedy}"]
    if result.clients:
        result.notes = result.clients.lines()
    return result


@contextmanager
def _alone(place: Destination, request: TransformRequest) -> Iterator[Warehouse]:
    """The warehouse, for one transform at a time; on DuckDB for no other writer either."""
    patience = Patience(request.wait_seconds)
    if not place.exists():
        missing = f"there is no warehouse at {place.target} yet"
        raise Stop(Exit.DESTINATION, missing, "Run `social sync`.")
    if isinstance(place, DuckDB):
        with place.writing(Holder(), patience) as warehouse:
            yield warehouse
    else:
        from .destinations.transforming import transforming

        with place.reading() as warehouse:
            transforming(warehouse, patience)
            yield warehouse


def landed_tables(warehouse: Warehouse) -> list[str]:
    """`provider.table` of every landed table, for dbt's variable of this name. The models ask this
    list and not dbt's own cache of relations, which other threads can see half filled."""
    return [f"{name}.{table}" for name in sources.names() for table in warehouse.tables(name)]


def _variables(warehouse: Warehouse) -> dict[str, Any]:
    """What dbt is to know of the warehouse. `missing_columns`: of the landed tables, those that an
    older version of this program did not have."""
    found = {name: warehouse.tables(name) for name in sources.names()}
    missing = {
        f"{name}.{table.name}": lacking
        for name, tables in declared().items()
        for table in tables
        if table.name in found[name]
        and (lacking := [c for c in table.by_name if c not in found[name][table.name]])
    }
    return {
        "landed_tables": sorted(landed_tables(warehouse)),
        "missing_columns": missing,
        "test_severity": "warn",
    }


def _build(
    place: Destination, request: TransformRequest, variables: Mapping[str, Any]
) -> TransformResult:
    """Raises Stop (usage) for a selection of nothing."""
    chosen = [part for name in request.select for part in ("--select", name)]
    refresh = ["--full-refresh"] if request.full_refresh else []
    # `buildable`: with -s, no test that also speaks of a mart that was never built.
    which = ["--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    result = run_dbt(place, ["build", *which, *chosen, *refresh], variables)
    if not result.models + result.tests:
        raise usage(f"nothing is called {' '.join(request.select)}", "Look into transform/models.")
    return result


def run_dbt(
    place: Destination, words: Sequence[str], variables: Mapping[str, Any] | None = None
) -> TransformResult:
    """Run a command of dbt, quietly. Raises Stop when the project itself is broken."""
    given = ["--vars", json.dumps(variables or {})]
    kept = place.folder / ".transform" / place.name  # what was parsed: the next run is faster
    with temporary_folder() as folder, profile(place, Path(folder)):
        from dbt.cli.main import dbtRunner

        answer = dbtRunner().invoke([*words, *given, *_always(folder, kept)])
    nodes = list(getattr(answer.result, "results", []))
    failures = [
        str(node.message) for node in nodes if str(node.status) in ("error", "runtime error")
    ]
    for text in filter(None, [str(answer.exception or ""), *failures]):
        if isinstance(place, DuckDB) and (stop := explain_duckdb_text(place.path, text)):
            raise stop
    if answer.exception is not None:
        raise Stop(Exit.BUG, f"dbt cannot run: {_first_line(str(answer.exception))}")
    return _told(nodes)


def _always(folder: str, kept: Path) -> list[str]:
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-print"]
    alone = ["--no-send-anonymous-usage-stats", "--no-write-json", "--no-version-check"]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", folder, "--log-path", folder]
    return [*quiet, *alone, *places, "--target-path", str(kept)]


def _told(nodes: Sequence[Any]) -> TransformResult:
    result = TransformResult()
    for node in nodes:
        is_test = str(node.node.resource_type).endswith("test")
        result.tests += is_test
        result.models += not is_test
        if str(node.status) in _BROKEN:
            result.broken.append((node.node.name, _first_line(node.message or str(node.status))))
            result.tests_broken |= str(node.status) in ("fail", "warn")
    return result


def _first_line(text: str) -> str:
    """What dbt says, without its headings and the place in its own files."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [
        line for line in lines if not line.startswith(("Database Error in", "Runtime Error in"))
    ]
    return " ".join(said[:2])
