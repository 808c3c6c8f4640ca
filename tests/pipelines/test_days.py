"""Day after day, the warehouse holds what the provider says, and nothing is asked twice."""

import shutil

import pytest
from oracle import Truth, differences, judge
from oracle.mapping import TABLES

IDLE_EXTRA = 6  # contract, dashboard, listing, and what else an index pass may need


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=160)


@pytest.fixture(scope="module")
def days(sandbox, project, truth):
    """Three daily syncs: how each ended, what differed then, and the warehouse of the first."""
    ended, found = [], []
    for day in range(3):
        sandbox.count_anew()
        ended.append(project.sync())
        truth.observe()
        found.append(differences(truth, project.warehouse))
        if day == 0:
            project.copy("first-day.duckdb")
        if day < 2:
            sandbox.advance(days=1)
    return ended, found


@pytest.mark.parametrize("day", [0, 1, 2])
def test_sync_reaches_the_truth_of_the_day(days, day):
    """Set equality of keys and equality of values, in every table."""
    ended, found = days

    assert ended[day].code == 0
    assert found[day] == []


def test_every_table_is_filled(days, project, truth):
    """A truth that is empty would prove nothing."""
    verdicts = judge(truth, project.warehouse)

    assert {table for table in verdicts if not truth.rows[table]} == set()
    assert set(verdicts) == set(TABLES)


def test_next_day_asks_only_what_changed(days):
    """Histories are asked of posts that were measured again, not of all."""
    ended, _ = days
    first, second = (ran.result["providers"]["tokportal"]["requests"] for ran in ended[:2])

    assert second < first / 2


def test_idle_sync_costs_the_index_pass_and_changes_nothing(days, sandbox, project):
    """N + 6 requests at most, and every data table stays as it is, to the last column."""
    before = contents(project)
    sandbox.count_anew()

    ran = project.sync()

    assert ran.code == 0
    assert sandbox.requests()["total"] <= len(sandbox.accounts()) + IDLE_EXTRA
    assert contents(project) == before
    written = project.query("select rows_written from sync_runs order by started_at desc limit 1")
    assert written == [(0,)]


def test_restored_backup_catches_up(days, sandbox, new_project, project, truth):
    """Marks and rows go back together, so the next sync asks again what is missing."""
    restored = new_project(sandbox)
    shutil.copy(project.folder / "first-day.duckdb", restored.warehouse)

    ran = restored.sync()

    assert ran.code == 0
    once = Truth(sandbox.url)
    once.observe()
    assert [v.table for v in judge(once, restored.warehouse).values() if v.lost] == []
    # Seen on the second day alone, and not to be had any more, is what a backup cannot bring back.
    assert differences(truth, restored.warehouse, without="lost") == []


@pytest.fixture(scope="module")
def moved(days, sandbox, project, truth):
    """A fourth day, with a day restated, a new post and a new account."""
    account = sandbox.account("busy")
    (oldest, *_) = sorted(row["date"] for row in truth.of("daily_series", account_id=account))
    before = truth.of("daily_series", account_id=account, date=oldest)
    sandbox.edit("restate_day", account_id=account, date=oldest, factor=2)
    post, newcomer = sandbox.edit("add_post", account_id=account), sandbox.edit("add_account")
    sandbox.advance(days=1)
    ran = project.sync()
    truth.observe()
    restated = before != truth.of("daily_series", account_id=account, date=oldest)
    return ran, restated, post["id"], newcomer["id"]


def test_restated_day_and_newcomers_arrive(moved, project, truth):
    """A correction is taken however old the day, and what appears between two syncs is complete."""
    ran, restated, post, newcomer = moved

    assert ran.code == 0
    assert restated
    assert truth.of("tracked_posts", tracked_post_id=post)
    assert truth.of("accounts", account_id=newcomer)
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_clock_that_goes_back_is_an_integrity_error_not_an_idle_sync(
    moved, sandbox, project, truth
):
    """Cursors in the future: exit 8 and rows that say so; with the clock right again, truth."""
    sandbox.advance(days=-4)
    ran = project.sync()
    truth.observe()  # what was served then, rightly landed
    sandbox.advance(days=5)

    healed = project.sync()

    truth.observe()
    assert ran.code == 8
    assert {error["code"] for error in ran.result["errors"]} == {"cursor_in_future"}
    assert healed.code == 0
    assert differences(truth, project.warehouse) == []


def contents(project):
    """Every data table, every column, every row."""
    return {table: project.query(f"select * from {table} order by all") for table in TABLES}
