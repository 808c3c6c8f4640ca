"""A budget that is too small for one run: run after run, everything comes, and nobody starves."""

import pytest
from oracle import Truth, differences

pytestmark = pytest.mark.slow

BUDGET = 60  # requests, of the 250 that a first sync takes here


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=15)


def test_it_converges_to_the_truth(sandbox, new_project):
    """Each run exits 5, goes on where the last one stopped, and the last one exits 0."""
    project, truth = new_project(sandbox), Truth(sandbox.url)
    truth.observe()
    sandbox.count_anew()
    codes = []
    while len(codes) < 12 and codes[-1:] != [0]:
        codes.append(project.sync("--max-requests", str(BUDGET)).code)

    asked = sandbox.requests()["total"]
    assert codes[-1] == 0
    assert set(codes[:-1]) == {5}
    assert asked <= BUDGET * len(codes)
    assert differences(truth, project.warehouse) == []


def test_nobody_starves_while_the_world_goes_on(sandbox, new_project):
    """A day between two runs, and less than a day takes: each account has its turn."""
    project = new_project(sandbox)
    assert project.sync().code == 0

    codes = []
    for _ in range(4):
        sandbox.advance(days=1)
        codes.append(project.sync("--max-requests", "45").code)

    waits = project.query(
        "select extract(epoch from max(attempt) over () - attempt) / 86400 from ("
        " select max(last_attempt_at) as attempt from sync_account_status group by account_id) a"
    )
    owner = project.query(
        "select count(distinct run_id) from sync_completeness where stream = 'bundles'"
    )
    assert set(codes) == {5}
    assert max(days for (days,) in waits) <= 3
    assert owner[0][0] >= 2  # with the first; what belongs to the key's owner has its turn too
