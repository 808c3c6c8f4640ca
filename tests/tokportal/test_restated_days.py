"""A day that the provider restates long after: outside its drilldown, before the lookback."""

import json

import pytest

DAY = "2026-03-29"  # sixty days before the world's clock
EVERY = 10


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=8, days=90)


def shorten(sandbox):
    """Drilldowns show the newest thirty days of the series."""
    sandbox.clear_faults()
    for account in sandbox.accounts():
        points = sandbox.get(f"/analytics/accounts/{account}").get("daily_series", [])
        patch = {"pointer": "daily_series", "json": json.dumps(points[-30:])}
        if points:
            sandbox.fault("patch", f"/analytics/accounts/{account}$", patches=[patch])


def synced(project, sandbox):
    """A sync, and how often it asked the series."""
    shorten(sandbox)
    sandbox.count_anew()
    ran = project.sync()
    assert ran.code == 0
    return sandbox.requests()["by_route"].get("GET /analytics/series", 0)


def views(sandbox, account):
    query = {"account": account, "metric": "views", "from": DAY, "to": DAY}
    (point,) = sandbox.get("/analytics/series", **query)["points"]
    return point["value"]


def test_restated_day_is_read_again_within_full_reread_days(new_project, sandbox):
    """Wrong before that, right after it; five requests per account each time, none between."""
    project = new_project(sandbox, SOURCES__TOKPORTAL__FULL_REREAD_DAYS=str(EVERY))
    account = sandbox.account("public")
    held = "select views from daily_series where account_id = ? and date = ?"
    first = synced(project, sandbox)
    before = views(sandbox, account)
    sandbox.edit("restate_day", account_id=account, date=DAY, factor=0.5)
    sandbox.advance(days=EVERY / 2)

    between = synced(project, sandbox), project.query(held, account, DAY)
    sandbox.advance(days=EVERY / 2)
    after = synced(project, sandbox), project.query(held, account, DAY)

    restated = views(sandbox, account)
    with_series = project.query("select count(distinct account_id) from daily_series")[0][0]
    assert restated < before
    assert between == (0, [(before,)])
    assert after == (first, [(restated,)])
    assert first == 5 * with_series
