"""What a sync will ask, told before: exactly where it can be known, closely where it cannot."""

import pytest
from oracle import Truth


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=30)


@pytest.fixture(scope="module")
def told(sandbox, project):
    """A plan and its sync, three times: first, idle, a day later."""
    found = {}
    for moment in ("first", "idle", "next day"):
        if moment == "next day":
            sandbox.advance(days=1)
        sandbox.count_anew()
        plan = project.social("plan", "--json")
        asked_by_plan = sandbox.requests()["total"]
        ran = project.sync()
        assert (plan.code, ran.code) == (0, 0)
        found[moment] = plan.result, asked_by_plan, ran
    return found


@pytest.mark.parametrize(("moment", "off"), [("first", 0.05), ("idle", 0.0), ("next day", 0.0)])
def test_plan_is_what_is_asked(told, moment, off):
    """To the request. Of first histories nobody knows the length: some are tried."""
    plan, _, ran = told[moment]
    ledger = ran.result["providers"]["tokportal"]

    assert ledger["retries"] == 0
    assert abs(plan["requests"] - ledger["requests"]) <= off * ledger["requests"]
    assert abs(ledger["planned_requests"] - ledger["requests"]) <= off * ledger["requests"]
    assert plan["at_least"] <= ledger["requests"]


def test_plan_looks_at_accounts_and_changes_nothing(told, project, sandbox):
    """Index, drilldowns and the owner's lists, as a sync would ask them; nothing behind these when
    no history begins. The warehouse's file stays byte for byte."""
    before = project.warehouse.read_bytes()

    plan = project.social("plan", "--json")
    dry = project.social("sync", "-n", "--json")

    idle_plan, asked, ran = told["idle"]
    assert asked == idle_plan["requests"] == ran.result["providers"]["tokportal"]["requests"]
    assert dry.result["requests"] == plan.result["requests"]
    assert project.warehouse.read_bytes() == before


def test_runs_tell_how_close_they_came(told, project):
    """Plan and lower bound are columns of sync_runs; no run asks less than the least."""
    rows = project.query(
        "select requests, planned_requests, lower_bound_requests from sync_runs order by run_id"
    )

    plans = [plan["requests"] for plan, _, _ in told.values()]
    assert [row[1] for row in rows[1:]] == plans[1:]
    assert all(least <= asked <= 1.1 * least for asked, _, least in rows)
    assert rows[1][0] == rows[1][1] == rows[1][2]


def test_plan_of_tokfluence_costs_nothing(new_project, sandbox):
    """The posts that are named, with their price; no request that is charged."""
    ids = ",".join(post["platform_post_id"] for post in tiktoks(sandbox)[:3])
    project = new_project(sandbox, providers=("tokfluence",), SOURCES__TOKFLUENCE__POST_IDS=ids)
    before = sandbox.control("GET", "/requests?provider=tokfluence")["by_status"].get("200", 0)

    ran = project.social("plan", "--json")

    after = sandbox.control("GET", "/requests?provider=tokfluence")["by_status"].get("200", 0)
    assert ran.code == 0
    assert ran.result["credits"] == 3
    assert after == before


def tiktoks(sandbox):
    truth = Truth(sandbox.url)
    truth.observe()
    return [row for row in truth.rows["tracked_posts"].values() if row["platform"] == "tiktok"]
