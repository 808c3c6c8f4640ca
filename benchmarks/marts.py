"""`python -m benchmarks marts [--posts 4876 --days 365 --moved 0.25]`: the marts from nothing, and
in steps: a day more of all posts, and of a part of them.

Rows are made by SQL in the provider's own tables. The Postgres server is a throw-away one, without
fsync: ratios hold, seconds are of this machine. dbt's own start is in each of them and told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from postgres_server import PostgresServer

from pipelines.settings import prepare_dlt

prepare_dlt()

from pipelines.destinations import destination
from pipelines.lock import Holder
from sources import tokportal

_ENGINES = ("duckdb", "postgres")
_FIRST_DAY = "timestamptz '2026-01-01 18:00:00+00'"


@dataclass(frozen=True)
class World:
    """How much there is; every post is a day older than the first of its days."""

    accounts: int
    posts: int
    days: int


@dataclass(frozen=True)
class Built:
    """One `social transform`: seconds by the wall, and of CPU but for a Postgres server's."""

    name: str
    seconds: float
    cpu: float


def main(words: list[str]) -> None:
    """Build on each engine and print seconds and ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks marts", description=__doc__)
    parser.add_argument("--accounts", type=int, default=99)
    parser.add_argument("--posts", type=int, default=4876)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--moved", type=float, default=0.25, help="Part of the posts that moved.")
    parser.add_argument("--engine", choices=_ENGINES, action="append")
    said = parser.parse_args(words)
    world = World(said.accounts, said.posts, said.days)
    for engine in said.engine or _ENGINES:
        with tempfile.TemporaryDirectory() as folder, _warehouse(engine, Path(folder)):
            _print(engine, world, _measure(engine, world, said.moved))


@contextmanager
def _warehouse(engine: str, folder: Path) -> Iterator[None]:
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(folder / "warehouse.duckdb")
    server = PostgresServer("benchmark") if engine == "postgres" else None
    try:
        if server:
            os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = server.new_database()
        yield
    finally:
        if server:
            server.close()


def _measure(engine: str, world: World, moved: float) -> list[Built]:
    """The first build parses the project too, which dbt keeps: the second tells what dbt costs."""
    _write(engine, 0, lambda execute: None)
    _built(engine, "empty, parsed for the first time")
    empty = _built(engine, "empty: dbt by itself", "--full-refresh")
    _write(engine, 1, lambda execute: _fill(execute, world))
    full = _built(engine, "from nothing", "--full-refresh")
    _write(engine, 2, lambda execute: None)
    start = _built(engine, "a load that brought nothing")
    _write(engine, 3, lambda execute: _day(execute, world, world.days, world.posts, 3))
    whole = _built(engine, "a day more of every post")
    some = int(world.posts * moved)
    _write(engine, 4, lambda execute: _day(execute, world, world.days + 1, some, 4))
    part = _built(engine, f"a day more of {moved:.0%} of the posts")
    return [empty, full, whole, part, start]


def _write(engine: str, load: int, work: Callable[[Any], None]) -> None:
    with destination(engine).writing(Holder()) as warehouse:
        warehouse.prepare("tokportal", tokportal.TABLES)
        with warehouse.transaction() as execute:
            work(execute)
            execute(
                "insert into tokportal._dlt_loads (load_id, status, inserted_at)"
                f" values ('{load}', 0, now())"
            )


def _fill(execute: Any, world: World) -> None:
    account = {"account_id": "'a' || n", "platform": "'tiktok'", "username": "'handle' || n"}
    _insert(execute, "accounts", world.accounts, account)
    post = {
        **_post(world),
        "platform": "'tiktok'",
        "platform_post_id": "'7' || n",
        "published_at": f"{_FIRST_DAY} - interval '1 hour' * (n % 24)",
    }
    _insert(execute, "tracked_posts", world.posts, post)
    for day in range(world.days):
        _day(execute, world, day, world.posts)


def _post(world: World) -> dict[str, str]:
    account = f"'a' || n % {world.accounts}"
    return {"tracked_post_id": "'p' || n", "account_id": account, "source": "'bundle_social'"}


def _day(execute: Any, world: World, day: int, posts: int, load: int = 1) -> None:
    """One day's observation of so many posts, and of every account."""
    moment = f"{_FIRST_DAY} + interval '1 day' * {day}"
    counted = {"likes": f"{10 * day}", "comments": f"{day}", "shares": f"{day}", "bookmarks": "0"}
    seen = {**_post(world), "captured_at": moment, "views": f"100 * {day} + n", **counted}
    _insert(execute, "post_snapshots", posts, seen, load)
    of_account = {"account_id": "'a' || n", "date": f"cast({moment} as date)"}
    figures = {"views": f"{5000 * day}", "followers": f"{100 + day}"}
    _insert(execute, "daily_series", world.accounts, of_account | figures, load)


def _insert(execute: Any, table: str, rows: int, values: dict[str, str], load: int = 1) -> None:
    """Rows numbered n from 0; a value is SQL."""
    said = {"tenant": "'default'", "fetched_at": "now()", "_dlt_load_id": f"'{load}'", **values}
    names = ", ".join(f'"{name}"' for name in said)
    execute(
        f"insert into tokportal.{table} ({names}) select {', '.join(said.values())}"
        f" from generate_series(0, {rows - 1}) as t(n)"
    )


def _built(engine: str, name: str, *flags: str) -> Built:
    command = [sys.executable, "-m", "pipelines", "transform", "--json", "--target", engine, *flags]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, capture_output=True, text=True)
    result = json.loads(ran.stdout or "{}")
    if ran.returncode or result["unchanged"]:
        raise SystemExit(f"{name}: exit {ran.returncode}: {ran.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Built(name, result["seconds"], cpu)


def _print(engine: str, world: World, built: list[Built]) -> None:
    empty, full = (one.seconds for one in built[:2])
    print(f"\n{engine}: {world.accounts} accounts, {world.posts:,} posts, {world.days} days")
    print(f"{'build':<40}{'seconds':>9}{'cpu s':>8}{'full / this':>13}{'without dbt':>13}")
    for one in built:
        own = max(one.seconds - empty, 0.1)
        ratios = f"{full / one.seconds:>13.1f}{(full - empty) / own:>13.1f}"
        told = f"{one.name:<40}{one.seconds:>9.1f}{one.cpu:>8.1f}"
        print(told if one is built[0] else told + ratios)
