"""`python -m benchmarks.merge [--rows 5000000]`: a load of 1,000 changed rows into a large table.

On Postgres, with the indexes that the declarations give, against a bare `INSERT … ON CONFLICT` of
the same rows. The server is a throw-away one, without fsync: ratios hold, seconds are of this
machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from postgres_server import PostgresServer

from pipelines.settings import prepare_dlt

prepare_dlt()

import dlt
import pyarrow as pa
from adbc_driver_postgresql import dbapi as adbc
from dlt.destinations.job_client_impl import SqlLoadJob

from pipelines.destinations import destination
from pipelines.lock import Holder
from sources.landing.tables import Table
from sources.tokportal.tables import POST_SNAPSHOTS

_CHANGED, _TIMES = 1000, 5
_SCHEMA, _POST_SNAPSHOTS = "tokportal", '"tokportal"."post_snapshots"'
_MERGE: Any = {"disposition": "merge", "strategy": "delete-insert"}


def main() -> None:
    """Fill the table, load into it both ways and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.merge", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    server = PostgresServer("benchmark")
    try:
        os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = server.new_database()
        with destination("postgres").writing(Holder()) as warehouse:
            warehouse.prepare(_SCHEMA, [POST_SNAPSHOTS])
            _fill(warehouse, rows)
            _load(warehouse, _changed(POST_SNAPSHOTS, rows, 0))  # dlt's own tables are made once
            merges: list[float] = []
            loads = _timed(rows, lambda changed: _load(warehouse, changed, merges))
            native = _timed(rows, _insert_on_conflict)
    finally:
        server.close()
    _print(rows, median(merges), median(loads), median(native))


def _fill(warehouse: Any, rows: int) -> None:
    with warehouse.transaction() as execute:
        execute(
            f"insert into {_POST_SNAPSHOTS} (tenant, tracked_post_id, source, captured_at,"
            " account_id, views, fetched_at)"
            " select 'default', 'post-' || n, 'benchmark', timestamptz '2026-01-01',"
            f" 'account-' || n %% 1000, n, now() from generate_series(1, {rows}) n".replace(
                "%%", "%"
            )
        )
    warehouse.query(f"analyze {_POST_SNAPSHOTS}")


def _changed(table: Table, rows: int, time_: int) -> pa.Table:
    """A thousand rows spread over the table, with other figures each time."""
    numbers = range(1, rows, rows // _CHANGED)
    known = {"tenant": "default", "source": "benchmark", "account_id": "account-1"}
    moment = {"captured_at": "2026-01-01T00:00:00Z", "fetched_at": "2026-01-02T00:00:00Z"}
    full = dict.fromkeys(table.by_name) | known
    as_times = {
        name: pa.scalar(text).cast(pa.timestamp("us", "UTC")) for name, text in moment.items()
    }
    return pa.Table.from_pylist(
        [
            full
            | {name: value.as_py() for name, value in as_times.items()}
            | {"tracked_post_id": f"post-{number}", "views": number + time_}
            for number in list(numbers)[:_CHANGED]
        ],
        schema=table.arrow_schema,
    )


def _timed(rows: int, work: Callable[[pa.Table], None]) -> list[float]:
    took = []
    for time_ in range(1, _TIMES + 1):
        changed = _changed(POST_SNAPSHOTS, rows, time_)
        started = time.perf_counter()
        work(changed)
        took.append(time.perf_counter() - started)
    return took


def _load(warehouse: Any, changed: pa.Table, merges: list[float] | None = None) -> None:
    """A load as `social sync` makes one; `merges` gets the seconds of the merge alone."""
    run = SqlLoadJob.run

    def timed(job: SqlLoadJob) -> None:
        started = time.perf_counter()
        run(job)
        if merges is not None:
            merges.append(time.perf_counter() - started)

    SqlLoadJob.run = timed  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            dlt.pipeline(
                _SCHEMA,
                pipelines_dir=folder,
                destination=warehouse.dlt_destination(),
                dataset_name=_SCHEMA,
            ).run(
                changed,
                table_name=POST_SNAPSHOTS.name,
                loader_file_format="parquet",
                write_disposition=_MERGE,
                primary_key=POST_SNAPSHOTS.merge_key,
                columns=POST_SNAPSHOTS.dlt_columns(),
            )
    finally:
        SqlLoadJob.run = run  # type: ignore[method-assign]


def _insert_on_conflict(changed: pa.Table) -> None:
    """The least that Postgres can do: copy the rows into a temporary table, and upsert."""
    names = ", ".join(f'"{name}"' for name in changed.column_names)
    types = ", ".join(
        f'"{name}"::json' if POST_SNAPSHOTS.by_name[name].type == "json" else f'"{name}"'
        for name in changed.column_names
    )
    values = ", ".join(f'"{name}" = excluded."{name}"' for name in changed.column_names)
    key = ", ".join(f'"{name}"' for name in POST_SNAPSHOTS.merge_key)
    url = os.environ["DESTINATION__POSTGRES__CREDENTIALS"]
    with adbc.connect(url) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("changed", changed, mode="create", temporary=True)
        cursor.execute(
            f"insert into {_POST_SNAPSHOTS} ({names}) select {types} from changed"
            f" on conflict ({key}) do update set {values}"
        )
        connection.commit()


def _print(rows: int, merge: float, load: float, native: float) -> None:
    print(f"{_CHANGED:,} changed rows into {rows:,}, median of {_TIMES}")
    for name, seconds in (
        ("INSERT … ON CONFLICT, with its connection", native),
        ("merge of the load alone", merge),
        ("whole load: files, staging, merge, state, completion", load),
    ):
        print(f"  {name:<54}{seconds * 1000:>8.0f} ms{seconds / native:>7.1f}x")


if __name__ == "__main__":
    main()
