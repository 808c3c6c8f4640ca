"""`social status`: last run, freshness, coverage, failing accounts. Reads the warehouse only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pendulum

from .destinations import Destination, Warehouse
from .exits import Exit
from .state import state_sizes

_LAST_RUN = """
    select run_id, command, started_at, finished_at, exit_code, requests, rows_written, errors
    from {schema}.sync_runs order by finished_at desc limit 1"""

# The last run of each shard; of a warehouse without shards that is the last run again.
_SHARDS = """
    select shard, run_id, finished_at, exit_code, requests, rows_written, errors from (
        select *, row_number() over (partition by shard order by finished_at desc) as age
        from {schema}.sync_runs where shard is not null) r
    where age = 1 order by shard"""

# Freshness is measured against the provider's clock at the last attempt: for the sandbox, and for a
# machine whose own clock is wrong, today's date says nothing.
_GOOD_RUN = """
    select min(good_at) from (
        select max(finished_at) filter (where exit_code in (0, 3)) as good_at
        from {schema}.sync_runs group by shard) of_shards"""

_STREAMS = """
    select stream,
           count(*) as accounts,
           count(*) filter (where status in ('ok', 'no_data')) as complete,
           count(*) filter (where status = 'failed') as failed,
           count(*) filter (where status = 'skipped') as skipped,
           min(last_success_at) filter (where status <> 'skipped') as oldest_success,
           max(last_success_at) as newest_success
    from {schema}.sync_account_status s {there}
    group by stream order by stream"""
# What is removed is not stale.
_THERE = """where not exists (select 1 from {schema}.{listing.name} a
    where a.{listing.account} = s.account_id and a.tenant = s.tenant
    and a.removed_at is not null)"""

_FAILING = """
    select account_id, stream, failures, error_code, error_message, last_success_at, next_retry_at
    from {schema}.sync_account_status where status = 'failed'
    order by failures desc, account_id, stream limit 50"""

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass
class ProviderStatus:
    """One provider's schema, as dictionaries named like the ledgers' columns."""

    name: str
    last_run: dict[str, Any] | None
    streams: list[dict[str, Any]]
    failing: list[dict[str, Any]]
    shards: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    last_good_run_at: datetime | None = None
    stale: list[str] = field(default_factory=list)


def _there(name: str) -> str:
    """The condition that what the ledgers call an account is not removed, where a listing tells."""
    import sources

    listing = getattr(sources.get(name), "LISTING", None)
    return _THERE.format(schema=name, listing=listing) if listing else ""


@dataclass
class StatusReport:
    warehouse: str
    size_bytes: int
    providers: list[ProviderStatus]
    max_age_seconds: float | None

    @property
    def exit_code(self) -> Exit:
        if self.max_age_seconds is None:
            return Exit.OK
        stale = any(p.stale for p in self.providers) or not self.providers
        return Exit.CHECK_FAILED if stale else Exit.OK

    def as_json(self) -> dict[str, Any]:
        return {
            "warehouse": self.warehouse,
            "size_bytes": self.size_bytes,
            "exit_code": int(self.exit_code),
            "max_age_seconds": self.max_age_seconds,
            "providers": {
                p.name: {k: v for k, v in vars(p).items() if k != "name"} for p in self.providers
            },
        }


def read_status(place: Destination, max_age_seconds: float | None = None) -> StatusReport:
    """The state of the warehouse. Raises Stop (exit 6) when it cannot be opened."""
    import sources

    with place.reading() as warehouse:
        providers = [
            _provider(warehouse, name, max_age_seconds)
            for name in sources.names()
            if "sync_account_status" in warehouse.tables(name)
        ]
        size = warehouse.size_bytes()
    return StatusReport(place.target.removeprefix("duckdb:"), size, providers, max_age_seconds)


def _provider(warehouse: Warehouse, name: str, max_age_seconds: float | None) -> ProviderStatus:
    runs, shards, good = [], [], None
    if "shard" in warehouse.tables(name).get("sync_runs", set()):
        runs = warehouse.arrow(_LAST_RUN.format(schema=name)).to_pylist()
        shards = warehouse.arrow(_SHARDS.format(schema=name)).to_pylist()
        good = warehouse.query(_GOOD_RUN.format(schema=name))[0][0]
    streams = warehouse.arrow(_STREAMS.format(schema=name, there=_there(name))).to_pylist()
    failing = warehouse.arrow(_FAILING.format(schema=name)).to_pylist()
    states = state_sizes(warehouse, name)
    last = runs[0] if runs else None
    status = ProviderStatus(name, last, streams, failing, shards, states, good)
    if max_age_seconds is not None:
        status.stale = _stale(status, max_age_seconds)
    return status


def _stale(status: ProviderStatus, max_age_seconds: float) -> list[str]:
    """Streams with an account older than the limit, and the run itself when it is."""
    last = status.last_good_run_at or _NEVER
    stale = []
    if (datetime.now(UTC) - last).total_seconds() > max_age_seconds:
        stale.append("last good run")
    for stream in status.streams:
        newest, oldest = stream["newest_success"], stream["oldest_success"]
        if stream["complete"] + stream["failed"] == 0:
            continue
        behind = (newest or _NEVER) - (oldest or _NEVER)
        if oldest is None or behind.total_seconds() > max_age_seconds:
            stale.append(stream["stream"])
    return stale


def print_status(report: StatusReport) -> None:
    """The report for people, on stdout."""
    from rich.console import Console
    from rich.table import Table as Grid

    console = Console(highlight=False)
    console.print(f"{report.warehouse}  {report.size_bytes / 2**20:.1f} MiB")
    for provider in report.providers:
        run = provider.last_run
        if run:
            console.print(
                f"\n{provider.name}: last run {run['finished_at']:%Y-%m-%d %H:%M:%S}Z"
                f" ({pendulum.instance(run['finished_at']).diff_for_humans()}), exit"
                f" {run['exit_code']}, {run['requests']:,} requests, {run['rows_written']:,} rows"
            )
        for shard in provider.shards:
            console.print(
                f"  shard {shard['shard']}: {shard['finished_at']:%Y-%m-%d %H:%M:%S}Z, exit"
                f" {shard['exit_code']}, {shard['rows_written']:,} rows"
            )
        for state in provider.states:
            console.print(
                f"  cursors of {state['pipeline_name']}: {state['bytes'] / 1024:,.1f} KiB,"
                f" moved {state['moved_at']:%Y-%m-%d %H:%M:%S}Z, {state['kept']} states kept"
            )
        grid = Grid("stream", "accounts", "complete", "failed", "skipped", "oldest success (UTC)")
        for row in provider.streams:
            oldest = f"{row['oldest_success']:%Y-%m-%d %H:%M}" if row["oldest_success"] else "-"
            counts = (str(row[name]) for name in ("accounts", "complete", "failed", "skipped"))
            grid.add_row(row["stream"], *counts, oldest)
        console.print(grid)
        for row in provider.failing:
            console.print(
                f"  {row['account_id']} {row['stream']}: {row['error_code']},"
                f" {row['failures']} in a row. {row['error_message']}",
                markup=False,
            )
        if provider.stale:
            console.print(f"  STALE: {', '.join(provider.stale)}")
    if not report.providers:
        console.print("nothing was synced yet: `social sync`")
