"""What a load that broke off left behind: marks and ledgers of it count for nothing."""

import duckdb
import pytest
from oracle import Truth, differences

LEDGERS = ("sync_completeness", "sync_account_status", "sync_errors", "sync_skips")
ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=12, days=5)


def damage(project, *statements):
    """Change the warehouse as the engine itself would have to."""
    if project.url:
        for statement in statements:
            project.query(statement)
        return
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("use tokportal")
        for statement in statements:
            connection.execute(statement)


def newest_load(project):
    return project.query("select max(load_id) from _dlt_loads where status = 0")[0][0]


@pytest.fixture(params=ENGINES)
def broken(request, sandbox, new_project):
    """Two days, of which the second day's load was killed after marks and ledgers were merged."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    project = new_project(sandbox, postgres=server)
    truth = Truth(sandbox.url)
    assert project.sync().code == 0
    truth.observe()
    sandbox.advance(days=1)
    assert project.sync().code == 0
    truth.observe()
    load = newest_load(project)
    lost = ("post_raw_snapshots", "post_snapshots", "comments", "account_raw_snapshots")
    damage(
        project,
        *(f"delete from {table} where _dlt_load_id = '{load}'" for table in lost),
        f"delete from _dlt_loads where load_id = '{load}'",
    )
    assert project.query(f"select count(*) > 0 from post_marks where _dlt_load_id = '{load}'")
    return project, truth, load


def of_load(project, load):
    return sum(
        project.query(f"select count(*) from {table} where _dlt_load_id = '{load}'")[0][0]
        for table in LEDGERS
    )


def test_nothing_of_it_is_believed_and_the_next_run_brings_all_of_it_back(broken):
    """Marks say that rows were read which are not there; the ledger says that they are proven."""
    project, truth, load = broken
    assert of_load(project, load) > 0
    status = project.social("status", "--json").result["providers"]["tokportal"]
    assert status["streams"] == []  # each account's newest row is of the load that broke off

    assert project.sync().code == 0

    assert of_load(project, load) == 0
    if not project.url:
        assert differences(truth, project.warehouse) == []
    lost = "select m.tracked_post_id from post_marks m where m.raw_through is not null"
    lost += " and not exists (select 1 from post_raw_snapshots r where"
    lost += " r.tracked_post_id = m.tracked_post_id and r.captured_at >= m.raw_through)"
    assert project.query(lost) == []
    assert project.social("verify").code == 0
