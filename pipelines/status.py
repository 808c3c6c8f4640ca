"""`social status`: last run, freshness, coverage, failing accounts. Reads the warehouse only."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pendulum

from .destinations import Destination, Warehouse
from .exits import Exit
from .expected import missing, shard_count
from .loads import ledger
from .rejected import newest_reading
from .state import state_sizes

# A backfill brings nothing of the present: it is no last run and makes nothing fresh.
_LAST_RUN = """
    select run_id, command, started_at, finished_at, exit_code, requests, rows_written, errors
    from {schema}.sync_runs where command <> 'backfill' order by finished_at desc limit 1"""

# Of the day before the newest run: what was asked, and how long the rate limit held it up.
_DAY = """
    select count(*) as runs, cast(sum(requests) as bigint) as requests,
           cast(sum(retries) as bigint) as retries, sum(waited_s) as waited_s
    from {schema}.sync_runs
    where finished_at > (select max(finished_at) from {schema}.sync_runs) - interval '1 day'"""

_RESULTS = """
    select result from {schema}.sync_runs
    where finished_at > (select max(finished_at) from {schema}.sync_runs) - interval '1 day'"""

# The last run of each shard; of a warehouse without shards that is the last run again.
_SHARDS = """
    select shard, run_id, finished_at, exit_code, requests, rows_written, errors from (
        select *, row_number() over (partition by shard order by finished_at desc) as age
        from {schema}.sync_runs where shard is not null and command <> 'backfill') r
    where age = 1 order by shard"""

# Freshness is measured against the provider's clock at the last attempt: for the sandbox, and for a
# machine whose own clock is wrong, today's date says nothing.
_GOOD_RUN = """
    select min(good_at) from (
        select max(finished_at) filter (where exit_code in (0, 3)) as good_at
        from {schema}.sync_runs where command <> 'backfill' and shard {of_now}
        group by shard) of_shards"""

_STREAMS = """
    select stream,
           count(*) as accounts,
           count(*) filter (where status in ('ok', 'no_data')) as complete,
           count(*) filter (where status = 'failed') as failed,
           count(*) filter (where status = 'partial') as partial,
           count(*) filter (where status = 'skipped') as skipped,
           min(last_success_at) filter (where status <> 'skipped') as oldest_success,
           max(last_success_at) as newest_success,
           min("cursor") as oldest_cursor,
           max("cursor") as newest_cursor
    from {statuses} s {there}
    group by stream order by stream"""
# What is removed is not stale.
_THERE = """where not exists (select 1 from {schema}.{listing.name} a
    where a.{listing.account} = s.account_id and a.tenant = s.tenant
    and a.removed_at is not null)"""

_FAILING = """
    select account_id, stream, failures, error_code, error_message, last_success_at, next_retry_at
    from {statuses} s where status = 'failed'
    order by failures desc, account_id, stream limit 50"""

# Accounts of a stream that lie further behind its newest than the target allows.
_BEHIND = """
    select account_id, stream, status, last_success_at, next_retry_at from (
        select s.*, max(last_success_at) over (partition by stream) as newest
        from {statuses} s {there}) s
    where status <> 'skipped' and (last_success_at is null
        or last_success_at < newest - ? * interval '1 second')
    order by last_success_at nulls first, account_id, stream limit 50"""

# Of the marts, where they are built: the last day whose figures are final, over all accounts.
_SETTLED = """
    select stream, min(settled_through) from marts.ops_freshness
    where provider = ? group by stream"""

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
    stale_accounts: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] | None = None
    missing: list[str] = field(default_factory=list)


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
        if any(p.rejected or p.missing for p in self.providers):  # rows that should be there
            return Exit.CHECK_FAILED
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
        newest_first = sorted(shards, key=lambda shard: shard["finished_at"], reverse=True)
        count = shard_count(warehouse, [shard["shard"] for shard in newest_first])
        of_now = f"like '%/{count}'" if count > 1 else "is null"
        shards = [shard for shard in shards if shard["shard"].endswith(f"/{count}")]
        good = warehouse.query(_GOOD_RUN.format(schema=name, of_now=of_now))[0][0]
    statuses = ledger(name, "sync_account_status")
    streams = warehouse.arrow(_STREAMS.format(statuses=statuses, there=_there(name))).to_pylist()
    failing = warehouse.arrow(_FAILING.format(statuses=statuses)).to_pylist()
    states = state_sizes(warehouse, name)
    last = runs[0] if runs else None
    usage = _usage(warehouse, name, last) if last else None
    settled = _settled_through(warehouse, name)
    for stream in streams:
        stream["settled_through"] = settled.get(stream["stream"])
        asked = stream["accounts"] - stream["skipped"]
        stream["coverage"] = stream["complete"] / asked if asked else None
    status = ProviderStatus(name, last, streams, failing, shards, states, good, usage=usage)
    status.rejected = _rejected(warehouse, name)
    status.missing = [str(each) for each in missing(warehouse, name)]
    if max_age_seconds is not None:
        status.stale = _stale(status, max_age_seconds)
        behind = _BEHIND.format(statuses=statuses, there=_there(name))
        status.stale_accounts = warehouse.arrow(behind, [max_age_seconds]).to_pylist()
    return status


def _rejected(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    """Newest readings of which rows were rejected, those with most first."""
    import sources

    columns = warehouse.tables(name).get("sync_completeness", set())
    if "rejected" not in columns:  # made by an older version, and not synced since
        return []
    listing = getattr(sources.get(name), "LISTING", None)
    sql = newest_reading(listing).format(schema=name)
    ordered = f"select * from ({sql}) n order by rejected desc, account_id, stream limit 50"
    found: list[dict[str, Any]] = warehouse.arrow(ordered).to_pylist()
    return found


def _settled_through(warehouse: Warehouse, name: str) -> dict[str, date | None]:
    """By stream; empty before `social transform` has built the marts."""
    if "settled_through" not in warehouse.tables("marts").get("ops_freshness", set()):
        return {}
    return dict(warehouse.query(_SETTLED, [name]))


def _usage(warehouse: Warehouse, name: str, last: dict[str, Any]) -> dict[str, Any]:
    """Of the runs that ended within a day of the newest, backfills too: requests, and credits where
    the provider charges any; and of the last run the rate in use."""
    usage: dict[str, Any] = warehouse.arrow(_DAY.format(schema=name)).to_pylist()[0]
    results = warehouse.query(_RESULTS.format(schema=name))
    seconds = (last["finished_at"] - last["started_at"]).total_seconds()
    spent = [json.loads(result).get("credits") for (result,) in results if result]
    known = [credits for credits in spent if credits is not None]
    return usage | {
        "requests_per_minute": round(last["requests"] * 60 / max(seconds, 1.0), 1),
        "credits": sum(known) if known else None,
    }


def _stale(status: ProviderStatus, max_age_seconds: float) -> list[str]:
    """Streams with an account older than the limit, and the run itself when it is."""
    last = status.last_good_run_at or _NEVER
    stale = []
    if (datetime.now(UTC) - last).total_seconds() > max_age_seconds:
        stale.append("last good run")
    for stream in status.streams:
        newest, oldest = stream["newest_success"], stream["oldest_success"]
        if stream["complete"] + stream["failed"] + stream["partial"] == 0:
            continue
        behind = (newest or _NEVER) - (oldest or _NEVER)
        if oldest is None or behind.total_seconds() > max_age_seconds:
            stale.append(stream["stream"])
    return stale


def print_status(report: StatusReport) -> None:
    """The report for people, on stdout."""
    from .terminal import PlainConsole

    console = PlainConsole()
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
        if provider.usage:
            console.print(f"  {_used(provider.usage)}")
        console.print(_grid(provider))
        for row in provider.failing:
            console.print(
                f"  {row['account_id']} {row['stream']}: {row['error_code']},"
                f" {row['failures']} in a row, next try {_next_try(row['next_retry_at'])}."
                f" {row['error_message']}",
            )
        for row in provider.rejected:
            whose = " ".join(filter(None, (row["account_id"], row["stream"])))
            console.print(
                f"  REJECTED {whose}: {row['rejected']:,} rows of the newest reading"
                f" ({row['columns']}), see sync_rejects",
            )
        for row in provider.stale_accounts:
            since = _minute(row["last_success_at"])
            console.print(f"  {row['account_id']} {row['stream']}: {since}")
        for line in provider.missing:
            console.print(f"  MISSING: {line}", soft_wrap=True)
        if provider.stale:
            console.print(f"  STALE: {', '.join(provider.stale)}")
    if not report.providers:
        console.print("nothing was synced yet: `social sync`")


def _used(usage: dict[str, Any]) -> str:
    said = (
        f"a day: {usage['runs']} runs, {usage['requests']:,} requests, {usage['retries']} of them"
        f" retries, {usage['waited_s']:,.0f} s waited for the rate;"
        f" last run {usage['requests_per_minute']:g} a minute"
    )
    return said if usage["credits"] is None else f"{said}; {usage['credits']:,} credits"


def _grid(provider: ProviderStatus) -> Any:
    from rich.table import Table as Grid

    titles = ["stream", "complete", "failed", "skipped", "oldest success", "oldest cursor"]
    settled = any(row["settled_through"] for row in provider.streams)
    titles += ["settled through"] if settled else []
    grid = Grid(caption="times in UTC")
    for title in titles:
        grid.add_column(title, no_wrap=title == "stream")
    for row in provider.streams:
        complete = f"{row['complete']}/{row['accounts'] - row['skipped']}"
        counts = (complete, str(row["failed"]), str(row["skipped"]))
        cursor = (row["oldest_cursor"] or "-")[:16].replace("T", " ")
        last = [str(row["settled_through"] or "-")] if settled else []
        grid.add_row(row["stream"], *counts, _minute(row["oldest_success"]), cursor, *last)
    return grid


def _next_try(moment: datetime | None) -> str:
    return f"after {_minute(moment)}" if moment else "at the next run"


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
