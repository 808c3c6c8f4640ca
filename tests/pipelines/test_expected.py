"""`social status` and `social verify` know what should exist: shards, accounts, streams, rows."""

import shutil
import signal

import duckdb
import pytest

from pipelines.destinations import DuckDB
from pipelines.status import read_status
from pipelines.verify import VerifyRequest, verify

LEDGERS = ("sync_account_status", "sync_completeness", "sync_errors", "sync_skips")
PROVIDERS = ("tokportal", "genviral", "tokfluence")


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=20)


@pytest.fixture(scope="module", params=["full", "starter"])
def right(new_project, sandbox, request):
    """Warehouses in which nothing is missing: all streams; and a plan without most of them."""
    follows = {"SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal"}
    project = new_project(sandbox, tier=request.param, providers=PROVIDERS, **follows)
    assert project.sync().code == 0
    sandbox.advance(days=1)
    assert project.sync().code == 0
    return project


@pytest.fixture
def damaged(right, tmp_path):
    """Runs SQL on a copy of a right warehouse; returns how status and verify see it."""
    if right.env["SOURCES__TOKPORTAL__API_KEY"] != right_key(right, "full"):
        pytest.skip("once is enough")

    def damage(*statements):
        path = tmp_path / "warehouse.duckdb"
        shutil.copy(right.warehouse, path)
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        report = read_status(DuckDB(path))
        lines = [line for provider in report.providers for line in provider.missing]
        broken = verify(DuckDB(path), "run", VerifyRequest()).broken
        said = " ".join(example for finding in broken for example in finding.examples)
        return int(report.exit_code), lines, said

    return damage


def right_key(project, tier):
    return f"sk_sandbox_{tier}_{project.canary}"


def test_a_right_warehouse(right):
    """Also with streams outside the plan, with an empty account, and after a run of one account."""
    (account, *_) = right.query("select account_id from tokportal.accounts order by 1")[0]
    assert right.sync("-s", "tokportal", "--accounts", account).code == 0

    report = read_status(DuckDB(right.warehouse), 86_400.0)

    assert [line for provider in report.providers for line in provider.missing] == []
    assert int(report.exit_code) == 0
    assert right.social("verify").code == 0


def test_an_account_that_was_never_read(damaged, sandbox):
    account = sandbox.account("quiet")
    code, lines, said = damaged(
        f"delete from tokportal.sync_account_status where account_id = '{account}'"
    )

    assert code == 8
    assert lines == [f"account {account}: it is listed, and no stream of it was ever read"]
    assert account in said


def test_accounts_that_the_listing_has_and_the_warehouse_lacks(damaged, sandbox):
    account = sandbox.account("quiet")
    ledgers = ("accounts", "sync_account_status")
    code, lines, _ = damaged(
        *(f"delete from tokportal.{table} where account_id = '{account}'" for table in ledgers)
    )

    assert code == 8
    assert "account (1 of 8): the provider lists 8, and 7 are in accounts" in lines


@pytest.mark.parametrize(
    ("provider", "stream"),
    [("tokportal", "comments"), ("tokportal", "bundles"), ("genviral", "posts")],
)
def test_a_stream_that_was_never_asked(damaged, provider, stream):
    code, lines, said = damaged(
        *(f"delete from {provider}.{ledger} where stream = '{stream}'" for ledger in LEDGERS)
    )

    assert code == 8
    assert [line.split(":")[0] for line in lines] == [f"stream {stream}"]
    assert f"{stream}: run" in said


@pytest.mark.parametrize(
    ("table", "newest"),
    [
        ("tokportal.post_snapshots", "captured_at = (select max(captured_at) from {table})"),
        ("tokportal.credit_transactions", "true"),
        ("genviral.daily_series", "date = (select max(date) from {table})"),
        ("tokfluence.comments", "true"),
    ],
)
def test_a_table_whose_newest_rows_are_missing(damaged, table, newest):
    code, lines, said = damaged(f"delete from {table} where {newest.format(table=table)}")

    name = table.split(".")[1]
    assert code == 8
    assert [line.split(":")[0] for line in lines] == [f"table {name}"]
    assert f"{name}: it held" in said


def test_shards(new_project, sandbox, postgres):
    """One never started, one died before its first row; then all ran; then there are others."""
    project = new_project(sandbox, postgres=postgres)
    sync = ("sync", "-s", "tokportal", "--shard")
    assert project.social(*sync, "0/4").code == 0
    assert project.social(*sync, "1/4").code == 0
    died = project.start(*sync, "3/4")
    died.wait_until(lambda: project.query("select 1 from social.workers where shard = 3"), "lock")
    died.signal(signal.SIGKILL)
    died.process.wait()

    lacking = project.social("status", "--max-age", "24h")
    verified = project.social("verify", "--json")

    assert (lacking.code, verified.code) == (8, 8)
    assert "shard 2/4: it never started" in lacking.stdout
    assert "shard 3/4: no run of it ended" in lacking.stdout
    assert "2/4: it never started" in verified.stdout

    assert [project.social(*sync, f"{shard}/4").code for shard in (2, 3)] == [0, 0]
    assert project.social("status", "--max-age", "24h").code == 0

    database = project.url.rsplit("/", 1)[1]
    postgres.run("delete from social.workers", database=database)
    assert project.social(*sync, "0/2").code == 0
    assert "shard 1/2: it never started" in project.social("status").stdout
    assert project.social(*sync, "1/2").code == 0
    assert project.social("status", "--max-age", "24h").code == 0
    assert project.social("verify").code == 0

    aged = "update tokportal.sync_runs set finished_at = finished_at - interval '2 days'"
    postgres.run(f"{aged} where shard = '1/2'", database=database)
    assert project.social("status", "--max-age", "24h").code == 8
