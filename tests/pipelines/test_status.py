"""`social status` says how fresh, how complete and how costly, for people and for monitors."""

import shutil

import duckdb
import pytest


@pytest.fixture(scope="module")
def synced(new_sandbox, new_project):
    sandbox = new_sandbox(accounts=4, posts=12)
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project, sandbox


def status(project, *flags):
    return project.social("status", "--json", *flags).result["providers"]["tokportal"]


def test_coverage_cursors_and_usage(synced):
    """Accounts complete of those asked, how far cursors are, what a day of runs asked."""
    project, _ = synced

    said = status(project)

    streams = {stream["stream"]: stream for stream in said["streams"]}
    assert streams["drilldown"]["coverage"] == 1
    assert streams["drilldown"]["oldest_cursor"] <= streams["drilldown"]["newest_cursor"]
    assert said["usage"]["runs"] == 1
    assert said["usage"]["requests"] == said["last_run"]["requests"] > 10
    assert said["usage"]["requests_per_minute"] > 0
    assert said["usage"]["credits"] is None  # TokPortal charges nothing for reading


def test_an_account_that_fell_behind_is_named(synced):
    """By account and stream, where it is further behind the others than the target allows."""
    project, _ = synced
    kept = shutil.copy(project.warehouse, project.folder / "kept.duckdb")
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(
            "update tokportal.sync_account_status set last_success_at = last_success_at"
            " - interval 3 day where stream = 'comments' and account_id ="
            " (select min(account_id) from tokportal.sync_account_status)"
        )

    late, in_time = (status(project, "--max-age", age) for age in ("1d", "5d"))
    code = project.social("status", "--max-age", "1d").code

    shutil.move(kept, project.warehouse)
    assert [account["stream"] for account in late["stale_accounts"]] == ["comments"]
    assert late["stale"] == ["comments"]
    assert in_time["stale_accounts"] == in_time["stale"] == []
    assert code == 8


@pytest.mark.slow
def test_a_failing_account_is_shown_with_its_next_try(synced):
    """What failed, how often, when it is tried again, and what to do."""
    project, sandbox = synced
    account = sandbox.account("public")
    sandbox.fault("status", f"/analytics/accounts/{account}$", status=500)
    assert project.sync().code == 3

    said = project.social("status", COLUMNS="160").stdout
    (failing, *_) = status(project)["failing"]

    sandbox.clear_faults()
    assert failing["account_id"] == account
    assert failing["error_message"]
    retry_at = failing["next_retry_at"]
    assert f"next try {f'after {retry_at[:16]}' if retry_at else 'at the next run'}" in said
