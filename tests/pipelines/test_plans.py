"""A plan that shows less is not a failure, and what it does not show is not asked or erased."""

import pytest
from oracle import Truth, differences

RAW = ("GET /analytics/posts/{id}/raw", "GET /analytics/accounts/{id}/raw")
COMMENTS = "GET /analytics/accounts/{id}/comments"
LEFT_OUT = {
    "starter": {"daily_series", "account_raw_snapshots", "post_raw_snapshots", "comments"},
    "creator": {"account_raw_snapshots", "post_raw_snapshots", "comments"},
    "full": set(),
}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=160, days=30)


@pytest.mark.parametrize(
    "tier", ["starter", pytest.param("creator", marks=pytest.mark.slow), "full"]
)
def test_each_plan_reaches_its_own_truth_and_asks_nothing_else(sandbox, new_project, tier):
    """Exit 0, a skip row per stream that is left out, and not one request that could be refused."""
    project, truth = new_project(sandbox, tier=tier), Truth(sandbox.url, tier)
    accounts = len(sandbox.accounts())
    sandbox.count_anew()

    ran = project.sync()

    first = sandbox.requests()
    sandbox.count_anew()
    idle = ran if tier == "full" else project.sync()
    again = sandbox.requests()
    truth.observe()
    skips = project.query(
        "select stream, remedy from sync_skips where reason = 'not_in_plan' and run_id = ?",
        ran.result["run_id"],
    )
    assert ran.code == idle.code == 0
    assert differences(truth, project.warehouse) == []
    left_out = {stream for stream, _ in skips}
    assert left_out >= LEFT_OUT[tier]
    assert bool(left_out) == bool(LEFT_OUT[tier])
    assert all(remedy for _, remedy in skips)
    assert ran.result["providers"]["tokportal"]["access_level"] == tier
    assert "403" not in first["by_status"]
    if tier != "full":
        assert not {*RAW, COMMENTS} & first["by_route"].keys()
        # One drilldown each; the older list behind a capped one, the series before the first day.
        asked = sum(n for route, n in first["by_route"].items() if "/analytics" in route)
        assert asked <= 3 * accounts + 6
    assert again["total"] <= accounts + 6


@pytest.mark.parametrize("tier", [pytest.param("creator", marks=pytest.mark.slow), "starter"])
def test_downgrade_keeps_what_the_new_plan_hides(new_sandbox, new_project, tier):
    """Counters that are still shown move on; hidden ones, comments and raw rows stay stored."""
    sandbox = new_sandbox(accounts=8, posts=80, days=20)
    project, truth = new_project(sandbox), Truth(sandbox.url)
    assert project.sync().code == 0
    truth.observe()
    sandbox.edit("set_tier", key=sandbox.key(), tier=tier)
    sandbox.advance(days=1)

    ran = project.sync()

    truth.tier = tier
    truth.observe()
    assert ran.code == 0
    assert differences(truth, project.warehouse) == []
    levels = project.query("select access_level from contracts order by first_seen_at")
    assert levels == [("full",), (tier,)]


@pytest.mark.slow
def test_upgrade_fills_what_was_hidden(new_sandbox, new_project):
    """With the full plan the next sync brings raw rows, comments and hidden counters."""
    sandbox = new_sandbox(accounts=8, posts=80, days=20)
    project, truth = new_project(sandbox, tier="starter"), Truth(sandbox.url, "starter")
    assert project.sync().code == 0
    truth.observe()
    sandbox.edit("set_tier", key=sandbox.key("starter"), tier="full")
    sandbox.advance(days=1)

    ran = project.sync()

    truth.tier = "full"
    truth.observe()
    assert ran.code == 0
    assert differences(truth, project.warehouse) == []


def test_stream_refused_without_notice_is_left_out_after_a_few_tries(new_sandbox, new_project):
    """A 403 that the contract does not announce: few requests, a row, exit 0, the rest complete."""
    sandbox = new_sandbox(accounts=8, posts=80, days=20)
    project, truth = new_project(sandbox), Truth(sandbox.url)
    sandbox.fault("status", "/analytics/accounts/.*/comments", status=403, code="PLAN_REQUIRED")

    ran = project.sync()

    truth.observe()
    skips = project.query("select distinct stream, reason from sync_skips where account_id is null")
    assert ran.code == 0
    assert [stream for stream, _ in skips] == ["comments"]
    # Three accounts make a plan; of each, what was under way when the first refusal came.
    assert sandbox.requests()["by_status"]["403"] <= 3 * 16
    assert {finding.split(":")[0] for finding in differences(truth, project.warehouse)} == {
        "comments"
    }
