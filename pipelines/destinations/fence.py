"""Which run may write: an advisory lock, and a number that grows with each run that takes it.

The lock is the session's: it is free as soon as the server notices that the holder's connection is
gone, however it died. A run that lives on after its connection was cut (its machine was frozen or
out of reach) would not notice that another took over. So every transaction of a run reads the
number first, under a share lock that keeps the next run from raising it before the commit.

What that covers: every merge, every ledger row, and the row of `_dlt_loads` that makes a load
count. What it does not: rows copied into the shard's staging tables, and state rows; both count
only with their load. A merge that was committed before the take-over, and whose load never
counted, is read as absent by the next run and asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sources.extraction.shards import Shard

from ..exits import Exit, Stop, usage
from ..lock import Holder, Patience, take

SCHEMA = "social"
LOCK_CLASS = 0x50C1A1  # ours among the advisory locks of the database
_MAKING = -1  # the lock of whoever makes tables; shards count from 0

CREATE = (
    f"""create table if not exists {SCHEMA}.workers (
    shard integer primary key,
    shards integer not null,
    fence bigint not null,
    run_id varchar,
    command varchar not null,
    pid bigint not null,
    host varchar not null,
    since timestamptz not null)""",
    f"comment on table {SCHEMA}.workers is 'one row per shard: the run that took its lock last'",
    f"comment on column {SCHEMA}.workers.shard is 'The shard, from 0; 0 of 1 without shards.'",
    f"comment on column {SCHEMA}.workers.shards is 'How many shards there are.'",
    f"comment on column {SCHEMA}.workers.fence is"
    " 'Grows with each run that takes the lock; older runs commit nothing more.'",
    f"comment on column {SCHEMA}.workers.run_id is 'The run, as in `sync_runs`.'",
    f"comment on column {SCHEMA}.workers.command is 'The command that ran.'",
    f"comment on column {SCHEMA}.workers.pid is 'Its process.'",
    f"comment on column {SCHEMA}.workers.host is 'Its machine.'",
    f"comment on column {SCHEMA}.workers.since is 'When it took the lock (UTC).'",
)

Run = Callable[..., list[tuple[Any, ...]]]
"""Executes a statement with its values on a connection and returns the rows."""


class Overtaken(Exception):
    """Another run took over: nothing more is committed by this one."""


OVERTAKEN = Stop(
    Exit.LOCKED,
    "another run took the warehouse over while this one was out of reach",
    "Nothing of this run is committed after that moment; nothing to do.",
)


@dataclass(frozen=True)
class Fence:
    """The number of one run."""

    shard: int
    number: int

    def check(self, run: Run) -> None:
        """To be called first in a transaction. Raises Overtaken."""
        sql = f"select 1 from {SCHEMA}.workers where shard = %s and fence = %s for share"
        if not run(sql, (self.shard, self.number)):
            raise Overtaken


def making_tables(run: Run) -> None:
    """Wait for whoever makes tables, until the end of the transaction."""
    run("select pg_advisory_xact_lock(%s, %s)", (LOCK_CLASS, _MAKING))


def take_lock(run: Run, shard: Shard, patience: Patience) -> None:
    """Take the shard's lock for this session. Raises Stop (exit 7) naming the holder."""
    key = (LOCK_CLASS, shard.index)

    def try_once() -> bool:
        return bool(run("select pg_try_advisory_lock(%s, %s)", key)[0][0])

    take(try_once, lambda: _holder(run, shard), patience)


def _holder(run: Run, shard: Shard) -> str:
    if not run("select 1 from information_schema.tables where table_schema = %s", (SCHEMA,)):
        return "it has just begun"
    sql = (
        "select run_id, command, pid, host,"
        " to_char(since at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')"
        f" from {SCHEMA}.workers where shard = %s"
    )
    rows = run(sql, (shard.index,))
    return str(Holder(*rows[0])) if rows else "it has just begun"


def raise_fence(run: Run, shard: Shard, holder: Holder) -> Fence:
    """Write down who holds the lock now, in a transaction of the caller's. Raises Stop (usage)
    where the warehouse is kept by another number of shards."""
    others = run(f"select shards from {SCHEMA}.workers where shards <> %s limit 1", (shard.count,))
    if others:
        raise _other_count(shard, others[0][0])
    rows = run(
        f"insert into {SCHEMA}.workers as w values (%s, %s, 1, %s, %s, %s, %s, now())"
        " on conflict (shard) do update set fence = w.fence + 1, run_id = excluded.run_id,"
        " command = excluded.command, pid = excluded.pid, host = excluded.host,"
        " since = excluded.since returning fence",
        (shard.index, shard.count, holder.run_id, holder.command, holder.pid, holder.host),
    )
    return Fence(shard.index, rows[0][0])


def _other_count(shard: Shard, recorded: int) -> Stop:
    recorded_as = f"{recorded} shards" if recorded > 1 else "one worker without shards"
    asked_for = f"{shard.count} shards" if shard.count > 1 else "no shards"
    usual = f"--shard {shard.index % recorded}/{recorded}" if recorded > 1 else "no --shard"
    return usage(
        f"the warehouse is kept by {recorded_as}, and this run asks for {asked_for}",
        f"Run with {usual}. To change it for good: end all runs, `delete from {SCHEMA}.workers`,"
        " and run each new shard once. Rows stay; histories are asked once more.",
    )
