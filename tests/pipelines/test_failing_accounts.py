"""One account's trouble stays its own: the others complete, and the reason is a row."""

import base64
import json
import zlib

import pytest
from oracle import Truth, differences, judge

ENDLESS = ("hourly", "public", "busy")  # 500, 404 and 403, for ever


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=20)


@pytest.fixture(scope="module")
def failing(sandbox, project, truth):
    """A clean day, then one on which three accounts fail whatever is asked of them."""
    assert project.sync().code == 0
    truth.observe()
    sandbox.advance(days=1)
    failing = [sandbox.account(kind) for kind in ENDLESS]
    for account, status, code in zip(
        failing,
        (500, 404, 403),
        ("INTERNAL_ERROR", "NOT_FOUND", "SAVED_ACCOUNT_NOT_OWNED"),
        strict=True,
    ):
        path = f"/analytics/accounts/{account}.*"
        sandbox.fault("status", path, status=status, code=code)
    before = cursors(project), statuses(project)
    ran = project.sync()
    return failing, before, ran


def test_partial_run_exits_3_and_names_the_accounts(failing):
    """The result lists what failed; the last line says that the rest is safe."""
    accounts, _, ran = failing

    assert ran.code == 3
    assert {error["account_id"] for error in ran.result["errors"]} == set(accounts)
    assert len(ran.messages) == 1
    assert "loaded and consistent" in ran.messages[0]


def test_failures_are_rows_with_a_remedy(failing, project):
    """One row per account in sync_errors or sync_skips, with what to do."""
    accounts, _, ran = failing
    rows = project.query(
        "select account_id, remedy from sync_errors where run_id = $1 union all"
        " select account_id, remedy from sync_skips where run_id = $1 and reason != 'no_data_yet'",
        ran.result["run_id"],
    )

    assert {account for account, _ in rows} == set(accounts)
    assert all(remedy for _, remedy in rows)


def test_cursors_of_failed_accounts_stay(failing, project):
    """Neither dlt's state nor the status table moves for them; both do for the others."""
    accounts, (cursors_before, statuses_before), _ = failing
    moved = [a for a, c in cursors(project).items() if c != cursors_before.get(a)]
    advanced = [k for k, c in statuses(project).items() if c != statuses_before.get(k)]

    assert set(moved) & set(accounts) == set()
    assert {account for account, _ in advanced} & set(accounts) == set()
    assert moved
    assert advanced


def test_others_are_complete(failing, project, truth, sandbox):
    """Whatever belongs to another account is as the truth says."""
    accounts, _, _ = failing
    now = Truth(sandbox.url)
    now.observe()
    for table, verdict in judge(now, project.warehouse).items():
        owner = {key: row.get("account_id") for key, row in now.rows[table].items()}
        assert [key for key in verdict.lost if owner[key] not in accounts] == [], table


def test_next_run_without_the_fault_reaches_the_truth(failing, sandbox, project, truth):
    """Nothing is left behind by the failure."""
    sandbox.clear_faults()

    ran = project.sync()

    truth.observe()
    assert ran.code == 0
    assert differences(truth, project.warehouse) == []
    failed = project.query("select * from sync_account_status where status = 'failed'")
    assert failed == []


def test_faults_that_pass_are_healed_within_the_run(sandbox, new_project):
    """Each is retried: the run ends well, and only its retries tell of them."""
    project, now = new_project(sandbox), Truth(sandbox.url)
    kinds = ("html", "truncate", "reset", "cut_json", "empty_object", "error_200", "null_data")
    for n, kind in enumerate(kinds):
        sandbox.fault(kind, "/analytics/posts/.*/raw", skip=7 * n, times=1)
    sandbox.fault("status", "/accounts", status=503, headers={"Retry-After": "1"}, times=1)

    ran = project.sync()

    sandbox.clear_faults()
    now.observe()
    assert ran.code == 0
    assert ran.result["providers"]["tokportal"]["retries"] >= 8
    assert sandbox.requests()["early"] == 0
    assert differences(now, project.warehouse) == []


def cursors(project):
    """Cursors per account, out of dlt's own state table."""
    ((state,),) = project.query(
        "select state from _dlt_pipeline_state order by version desc, created_at desc limit 1"
    )
    content = json.loads(zlib.decompress(base64.b64decode(state)))
    return content["sources"]["tokportal"]["tenants"]["default"]["accounts"]


def statuses(project):
    """Cursors as the status table tells them."""
    rows = project.query("select account_id, stream, cursor from sync_account_status")
    return {(account, stream): cursor for account, stream, cursor in rows}
