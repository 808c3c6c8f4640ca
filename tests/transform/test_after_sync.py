"""The marts after `social sync`, and the published copy of them: what BI reads, day after day."""

import subprocess
import sys
from datetime import UTC, datetime

import duckdb
import pytest

from pipelines.exits import Exit
from pipelines.ledger import RunResult
from pipelines.lock import Holder, Patience, file_lock
from pipelines.sync import SyncRequest
from pipelines.sync_marts import marts_after

NEWEST = "select max(day) from marts.fct_post_day"
# Opens the copy as a BI tool does, and says its newest day each time it is asked.
READER = """
import duckdb, sys
open_copy = lambda: duckdb.connect(sys.argv[1], read_only=True)
copy = open_copy()
for line in sys.stdin:
    if line.strip() == "reopen":
        copy.close()
        copy = open_copy()
    print(copy.execute(sys.argv[2]).fetchone()[0], flush=True)
"""


class Reader:
    """A BI tool in a process of its own."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(path), NEWEST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self, what=""):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=20)


@pytest.fixture(scope="module")
def project(new_project, sandbox):
    """Synced, and again where nothing was new."""
    made = new_project(sandbox, schema="marts", SOCIAL_NO_TRANSFORM="")
    made.first, made.idle = made.sync(), made.sync()
    return made


@pytest.fixture(scope="module")
def next_day(project, sandbox):
    """Published, and read while a day more is synced and published."""
    assert project.social("publish").code == 0
    reader = Reader(project.folder / "published.duckdb")
    project.seen = [reader.says()]
    sandbox.advance(days=1)
    project.second = project.sync()
    project.again = project.social("publish", "--json")
    project.seen += [reader.says(), reader.says("reopen")]
    reader.process.kill()
    reader.process.wait()
    return project


def test_a_sync_builds_the_marts_of_what_it_brought(project):
    assert project.first.code == 0, project.first.stderr
    assert project.first.result["exit_code"] == 0
    assert project.first.result["transform"]["models"] > 15
    assert "The marts are built" in project.first.messages[-1]


def test_status_shows_the_last_settled_day_of_each_stream(project):
    """As the marts have it, for people and as JSON."""
    found = project.social("status", "--json").result["providers"]["tokportal"]["streams"]
    printed = project.social("status", COLUMNS="160").stdout
    marts = dict(project.query("select stream, settled_through from ops_freshness"))

    last = {one["stream"]: one["settled_through"] for one in found}
    assert last == {stream: day and day.isoformat() for stream, day in marts.items()}
    assert "settled through" in printed
    assert last["daily_series"] in printed


def test_a_sync_that_brought_nothing_builds_nothing(project):
    """Also where it noted when it looked."""
    assert project.idle.code == 0
    assert project.idle.result["transform"]["unchanged"] is True
    assert "marts" not in project.idle.messages[-1]


@pytest.mark.slow
def test_a_reader_stops_neither_sync_nor_publish_and_sees_the_old_copy_until_it_reopens(next_day):
    days = [datetime.fromisoformat(day).date() for day in next_day.seen]

    assert (next_day.second.code, next_day.again.code) == (0, 0), next_day.again.stderr
    assert next_day.second.result["transform"]["models"] > 15
    assert days[0] == days[1] < days[2]


@pytest.mark.slow
def test_the_copy_is_the_marts_and_nothing_else(next_day):
    """Views are tables in it, comments stay, rows are all there, and DuckDB 1.4 can open it."""
    copy = next_day.folder / "published.duckdb"
    with duckdb.connect(str(copy), read_only=True) as published:
        schemas = "select distinct schema_name from duckdb_tables()"
        assert published.execute(schemas).fetchall() == [("marts",)]
        tags = "select tags['storage_version'] from duckdb_databases() where not internal"
        assert published.execute(tags).fetchall() == [("v1.4.0+",)]
        comments = "select count(*), count(comment) from duckdb_columns() where table_name = ?"
        columns, said = published.execute(comments, ["fct_post_day"]).fetchone()
        assert columns == said > 20
        nullable = "select is_nullable from duckdb_columns() where table_name = 'fct_post_day'"
        assert (False,) in published.execute(nullable).fetchall()
        for table, rows in next_day.again.result["rows"].items():
            count = f"select count(*) from marts.{table}"
            assert published.execute(count).fetchone() == (rows,)
            assert next_day.query(f"select count(*) from {table}") == [(rows,)]
    assert {"ops_runs", "ops_freshness"} <= next_day.again.result["rows"].keys()
    left = [file.name for file in next_day.folder.iterdir() if "publish" in file.name]
    assert left == ["published.duckdb"]


def test_another_run_in_between_is_no_failure(project, monkeypatch):
    """The lock was free between sync and transform, and was taken: the marts are that run's."""
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(project.warehouse))
    result = RunResult("r", "sync", "duckdb", datetime.now(UTC))
    with file_lock(project.warehouse, Holder("busy"), Patience()):
        marts = marts_after(SyncRequest(), result)

    assert marts.exit_code(Exit.OK) == 0
    assert marts.exit_code(Exit.PARTIAL) == 3
    assert "run busy" in marts.last_words()
    assert marts.as_json()["exit_code"] == 7


@pytest.mark.slow
def test_no_transform_leaves_the_marts_to_the_next(project, sandbox):
    """Last of the module: what a run without them brought, an idle one builds; a finding of the
    marts' own tests is told in the last line, and leaves the sync's own code as it is."""
    sandbox.advance(days=1)
    day = project.query("select max(day) from fct_post_day")

    without = project.sync("--no-transform")
    assert (without.code, without.result["transform"]) == (0, None)
    assert project.query("select max(day) from fct_post_day") == day

    _orphan(project)
    then = project.sync()
    assert then.result["transform"]["models"] > 15
    assert project.query("select max(day) from fct_post_day") > day
    assert (then.code, then.result["exit_code"], then.result["transform"]["exit_code"]) == (0, 0, 8)
    assert "of it failed" in then.messages[-1]
    assert then.messages[-2].startswith("BAD ")


def _orphan(project):
    """A post of an account that is not there."""
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            "insert into tokportal.tracked_posts by name select * replace ('nobody' as account_id,"
            " 'orphan' as tracked_post_id) from tokportal.tracked_posts limit 1"
        )
