"""What a warehouse should hold by its own ledgers, and what of it is missing.

Each run writes into its row of `sync_runs` what it was asked for and how many rows each table held
when it ended. A shard that never ended a run, an account that was never read, a stream that was
never asked and a table that lost rows leave no failure behind: only these notes tell of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sources
from sources.extraction.shards import Shard

from .destinations import Warehouse
from .loads import ledger

_RUNS = """
    select run_id, tenant, shard, finished_at, result from (
        select r.*, row_number() over (partition by tenant, shard order by finished_at desc) as age
        from {schema}.sync_runs r where command = 'sync') aged
    where age <= 50 order by finished_at desc"""

_WORKERS = "select shard, shards, run_id, since from social.workers order by shard"

# Accounts of the listing that no run has read, though one asked for all of them since they landed.
_NEVER_READ = """
    select a.{account} from {schema}.{listing} a
    where a.tenant = ? and a.removed_at is null and a._dlt_load_id < ? and not exists (
        select 1 from {statuses} s where s.tenant = a.tenant
        and s.account_id = a.{account}
        and (s.last_success_at is not null or s.status in ('skipped', 'no_data')))
    order by 1"""

_TRACES = ("sync_account_status", "sync_completeness", "sync_skips", "sync_errors")

_LISTED = """
    select c.expected from {proofs} c
    where c.tenant = ? and c.stream = '{listing}' and c.account_id is null
    and c.status = 'proven' and c.expected is not null
    order by c.fetched_at desc, c.run_id desc limit 1"""


@dataclass(frozen=True)
class Missing:
    """`kind`: shard, account, stream or table. `name`: which one. `why`: what tells that it should
    be there."""

    kind: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.why}"


@dataclass(frozen=True)
class _Run:
    """A row of `sync_runs`. `streams`: those that it was asked for. `whole`: it came to the end of
    all accounts. `rows`: of each table, when it ended. `lost`: tables that lack what it wrote."""

    run_id: str
    tenant: str
    shard: str | None
    finished_at: datetime
    streams: frozenset[str]
    whole: bool
    written: Mapping[str, int]
    rows: Mapping[str, int]
    lost: frozenset[str]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> _Run:
        result = json.loads(row["result"] or "{}")
        noted = result.get("expected") or {}
        return cls(
            row["run_id"],
            row["tenant"],
            row["shard"],
            row["finished_at"],
            frozenset(noted.get("streams", ())),
            bool(noted.get("whole")),
            result.get("written") or {},
            noted.get("rows") or {},
            frozenset(noted.get("lost", ())),
        )


def note(
    warehouse: Warehouse,
    provider: str,
    streams: frozenset[str],
    *,
    whole: bool,
    written: Mapping[str, int],
    started_at: datetime,
) -> dict[str, Any]:
    """What a run that ends now leaves for `missing`, as part of the result in `sync_runs`. `lost`:
    tables of which it wrote rows, and that hold none of its loads."""
    rows = _rows(warehouse, provider)
    first_load_id = f"{started_at.timestamp():.6f}"  # dlt makes these ids of the time in seconds
    newer = 'select 1 from "{}"."{}" where _dlt_load_id >= ? limit 1'
    lost = [
        name
        for name in sorted(rows.keys() & written.keys())
        if written[name] and not warehouse.query(newer.format(provider, name), [first_load_id])
    ]
    return {"streams": sorted(streams), "whole": whole, "rows": rows, "lost": lost}


def _rows(warehouse: Warehouse, provider: str) -> dict[str, int]:
    there = warehouse.tables(provider)
    source = sources.get(provider)
    derived = {each.table.name for each in getattr(source, "DERIVED", ())}  # as their parents say
    names = [t.name for t in source.DATA_TABLES if t.name in there and t.name not in derived]
    counts = (f'(select count(*) from "{provider}"."{name}")' for name in names)
    return dict(zip(names, warehouse.query(f"select {', '.join(counts)}")[0], strict=True))


def recount(warehouse: Warehouse, provider: str) -> None:
    """Note the rows of each table again, after a command deleted some on purpose."""
    if "sync_runs" not in warehouse.tables(provider):
        return
    rows = _rows(warehouse, provider)
    sql = f'select run_id, tenant, result from "{provider}".sync_runs order by finished_at desc'
    for run_id, tenant, text in warehouse.query(f"{sql} limit 1"):
        result = json.loads(text or "{}")
        result["expected"] = {**result.get("expected", {}), "rows": rows}
        change = f'update "{provider}".sync_runs set result = ? where run_id = ? and tenant = ?'
        with warehouse.transaction() as execute:
            execute(change, [json.dumps(result), run_id, tenant])


def missing(warehouse: Warehouse, provider: str) -> Iterator[Missing]:
    """What should be there and is not; nothing for a provider that was never synced."""
    there = warehouse.tables(provider)
    if "shard" not in there.get("sync_runs", set()):
        return
    found = warehouse.arrow(_RUNS.format(schema=provider)).to_pylist()
    runs = [_Run.read(row) for row in found]
    count = shard_count(warehouse, [run.shard for run in runs])
    runs = [run for run in runs if _count_of(run.shard) == count]
    yield from _shards(warehouse, runs, count)
    for tenant in dict.fromkeys(run.tenant for run in runs):
        own = [run for run in runs if run.tenant == tenant]
        yield from _accounts(warehouse, provider, own, count)
        yield from _streams(warehouse, provider, own)
    yield from _tables(warehouse, provider, runs)


def _count_of(shard: str | None) -> int:
    return Shard.parse(shard).count if shard else 1


def shard_count(warehouse: Warehouse, shards: Sequence[str | None]) -> int:
    """Into how many shards the warehouse is divided now: `social.workers` says so, else the newest
    of these runs. After a change, what the earlier shards left behind counts no more."""
    if "shards" in warehouse.tables("social").get("workers", set()):
        for _, recorded, _, _ in warehouse.query(_WORKERS):
            return int(recorded)
    return _count_of(shards[0]) if shards else 1


def _shards(warehouse: Warehouse, runs: Sequence[_Run], count: int) -> Iterator[Missing]:
    if count == 1:
        return
    ended = {Shard.parse(run.shard).index for run in runs if run.shard}
    workers = {}
    if "shards" in warehouse.tables("social").get("workers", set()):
        workers = {index: (run, since) for index, _, run, since in warehouse.query(_WORKERS)}
    for index in sorted(set(range(count)) - ended):
        why = "it never started"
        if index in workers:
            run_id, since = workers[index]
            why = f"no run of it ended; run {run_id} began {since:%Y-%m-%d %H:%M}Z"
        yield Missing("shard", f"{index}/{count}", why)


def _accounts(
    warehouse: Warehouse, provider: str, runs: Sequence[_Run], count: int
) -> Iterator[Missing]:
    listing = getattr(sources.get(provider), "LISTING", None)
    newest: dict[
        str | None, _Run
    ] = {}  # of each shard, the newest run that came to the end of all accounts
    for run in runs:
        if run.whole:
            newest.setdefault(run.shard, run)
    if listing is None or not newest:
        return
    tenant, names = runs[0].tenant, {"schema": provider, "listing": listing.name}
    ended = min(run.finished_at for run in newest.values())
    statuses = ledger(provider, "sync_account_status")
    sql = _NEVER_READ.format(account=listing.account, statuses=statuses, **names)
    for (account_id,) in warehouse.query(sql, [tenant, f"{ended.timestamp():.6f}"]):
        yield Missing("account", account_id, "it is listed, and no stream of it was ever read")
    proofs = ledger(provider, "sync_completeness")
    expected = warehouse.query(_LISTED.format(proofs=proofs, listing=listing.name), [tenant])
    held = f'select count(*) from "{provider}"."{listing.name}" where tenant = ?'
    landed = warehouse.query(f"{held} and removed_at is null", [tenant])[0][0]
    if expected and landed < expected[0][0]:
        lacking = expected[0][0] - landed
        why = f"the provider lists {expected[0][0]}, and {landed} are in {listing.name}"
        yield Missing("account", f"({lacking} of {expected[0][0]})", why)


def _streams(warehouse: Warehouse, provider: str, runs: Sequence[_Run]) -> Iterator[Missing]:
    source = sources.get(provider)
    whole = next((run for run in runs if run.whole), None)
    listing = getattr(source, "LISTING", None)
    if whole is None or listing is None:  # what is not listed is asked only where it is configured
        return
    if not warehouse.query(
        f'select 1 from "{provider}"."{listing.name}" where tenant = ? limit 1', [whole.tenant]
    ):
        return
    traces = (f"select stream from {ledger(provider, name)} l where tenant = ?" for name in _TRACES)
    traced = warehouse.query(" union ".join(traces), [whole.tenant] * len(_TRACES))
    asked = {stream for (stream,) in traced}
    untraced: frozenset[str] = getattr(source, "UNTRACED_STREAMS", frozenset())
    for stream in sorted(whole.streams - asked - untraced):
        yield Missing("stream", stream, f"run {whole.run_id} was to read it, and never asked")


def _tables(warehouse: Warehouse, provider: str, runs: Sequence[_Run]) -> Iterator[Missing]:
    noted = next((run for run in runs if run.rows), None)
    if noted is None:
        return
    held = _rows(warehouse, provider)
    for name, rows in sorted(noted.rows.items()):
        if held.get(name, 0) < rows:
            why = f"it held {rows} rows after run {noted.run_id}, and holds {held.get(name, 0)}"
            yield Missing("table", name, why)
    newest: dict[str, _Run] = {}  # of each table, the newest run that wrote to it
    for run in runs:
        for name in run.written:
            newest.setdefault(name, run)
    for name, run in sorted(newest.items()):
        if name in run.lost:
            why = f"run {run.run_id} wrote {run.written[name]} rows, and none of them is there"
            yield Missing("table", name, why)
