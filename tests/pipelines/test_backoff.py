"""An account that fails again and again is tried less and less often, and says so."""

import pytest
from oracle import Truth, differences

pytestmark = pytest.mark.slow

HOURS = (1, 2, 4, 8)  # and so on, 24 at most


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=16, days=10)


@pytest.fixture(scope="module")
def failing(sandbox, project):
    """An account whose drilldown is refused, whatever is asked."""
    assert project.sync().code == 0
    account = sandbox.account("busy")
    path = f"/analytics/accounts/{account}"
    sandbox.fault("status", f"{path}$", status=400, code="VALIDATION_ERROR")
    return account


def test_waits_grow_and_what_is_not_tried_is_said(failing, sandbox, project):
    """Thrice at once, then after 1, 2, 4 … 24 hours; between, a row in sync_skips and exit 3."""
    for _ in range(3):
        assert asked(project, sandbox, failing) == (3, True)
    for hours in HOURS[:2]:
        assert asked(project, sandbox, failing) == (3, False)
        sandbox.advance(hours=hours)
        assert asked(project, sandbox, failing) == (3, True)
    ((failures, retry_at, attempt),) = project.query(
        "select failures, next_retry_at, last_attempt_at from sync_account_status"
        " where account_id = $1 and stream = 'drilldown'",
        failing,
    )
    reasons = project.query(
        "select distinct reason, remedy from sync_skips where account_id = $1 and stream = $2",
        *(failing, "drilldown"),
    )
    assert failures == 5
    assert (retry_at - attempt).total_seconds() == HOURS[2] * 3600
    assert reasons == [("failing", f"`social sync --accounts {failing}` tries at once.")]


def test_whoever_names_it_has_it_tried(failing, sandbox, project):
    """--accounts asks at once; so does a full refresh of everything."""
    assert asked(project, sandbox, failing, "--accounts", failing) == (3, True)


def test_success_ends_it(failing, sandbox, project):
    """The cause gone, one try is enough, and the next failure begins anew."""
    sandbox.clear_faults()
    truth = Truth(sandbox.url)
    truth.observe()

    assert asked(project, sandbox, failing, "--accounts", failing) == (0, True)
    assert project.sync().code == 0
    assert project.query(
        "select failures, next_retry_at from sync_account_status"
        " where account_id = $1 and stream = 'drilldown'",
        failing,
    ) == [(0, None)]
    # What was shown between the two looks at the truth is there besides.
    assert differences(truth, project.warehouse, without="unexpected") == []


@pytest.mark.slow
def test_one_post_does_not_make_its_account_wait(sandbox, new_project):
    """The other posts of the account are as fresh as ever."""
    project = new_project(sandbox)
    post = Truth(sandbox.url)
    post.observe()
    broken = post.of("tracked_posts")[0]["tracked_post_id"]
    sandbox.fault("status", f"/analytics/posts/{broken}/raw", status=400, code="VALIDATION_ERROR")

    codes = [project.sync().code for _ in range(3)]

    sandbox.clear_faults()
    retries = project.query(
        "select failures, next_retry_at from sync_account_status where status = 'failed'"
    )
    assert codes == [3, 3, 3]
    assert retries == [(3, None)]
    assert project.sync().code == 0


def asked(project, sandbox, account, *args):
    """Exit code of a sync, and whether it asked the account's drilldown."""
    sandbox.count_anew()
    ran = project.sync(*args)
    entries = sandbox.log()[-sandbox.requests()["total"] :]
    return ran.code, any(
        entry["path"].endswith(f"/analytics/accounts/{account}") for entry in entries
    )
