"""An answer that is none, for ever: nothing of it lands, nothing is lost by it, and it is said."""

import pytest
from oracle import differences

pytestmark = pytest.mark.slow

FIRST = {"quiet": "empty_object", "hourly": "html", "public": "truncate", "busy": "cut_json"}
SECOND = {
    "quiet": "error_200",
    "hourly": "null_data",
    "public": "deep_json",
    "busy": "swap_account",
}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=20)


@pytest.fixture(scope="module")
def broken(sandbox, project, truth):
    """A clean first day; then two runs with four broken accounts each; then a run without."""
    assert project.sync().code == 0
    truth.observe()
    sandbox.advance(days=1)
    seen = {}
    for faults in (FIRST, SECOND):
        for kind, fault in faults.items():
            sandbox.fault(fault, f"/analytics/accounts/{sandbox.account(kind)}")
        ran = project.sync()
        sandbox.clear_faults()
        for kind, fault in faults.items():
            seen[fault] = sandbox.account(kind), ran, held(project, sandbox.account(kind))
    truth.observe()
    wrong = differences(truth, project.warehouse, without="lost")
    return seen, wrong, project.sync()


@pytest.mark.parametrize("fault", [*FIRST.values(), *SECOND.values()])
def test_answer_without_content_is_an_error_of_its_account(broken, project, fault):
    """Exit 3, a row in sync_errors, and what was stored of the account stays, listed as before."""
    account, ran, (posts, removed) = broken[0][fault]
    rows = project.query(
        "select stream, remedy from sync_errors where run_id = ? and account_id = ?",
        ran.result["run_id"],
        account,
    )

    assert ran.code == 3
    assert [stream for stream, _ in rows] == ["drilldown"]
    assert all(remedy for _, remedy in rows)
    assert posts > 0
    assert removed == 0


def test_nothing_wrong_lands_meanwhile(broken, project):
    """No row of another account, no half row, no removal, in any table."""
    _, wrong, _ = broken

    # Counters and days that moved since are stale in the failed accounts, and nothing else is.
    assert [w for w in wrong if " corrupted: " not in w] == []


def test_next_run_without_the_faults_reaches_the_truth(broken, project, truth):
    """Eight broken answers later, the warehouse is as if they had never been."""
    _, _, healed = broken

    assert healed.code == 0
    assert differences(truth, project.warehouse) == []


def held(project, account):
    """Posts held of an account, and how many of them are marked removed."""
    ((posts, removed),) = project.query(
        "select count(*), count(removed_at) from tracked_posts where account_id = ?", account
    )
    return posts, removed
