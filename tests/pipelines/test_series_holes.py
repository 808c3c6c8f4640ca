"""Days that the provider has no figures of are worth knowing; days that were lost are a finding."""

import duckdb
import pytest

DRILLDOWN = "/analytics/accounts/[^/]+"
LOST = "no day is missing in daily_series between an account's first and last"
HOLES = "days that daily_series lacks because the provider has no figures of them"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    """Drilldowns without their first ten days, which the series has, and a hole in both."""
    sandbox = new_sandbox(accounts=3, posts=12, days=24)
    older = [{"pointer": "daily_series.0", "drop": True}] * 10
    hole = [{"pointer": "daily_series.3", "drop": True}] * 2
    sandbox.fault("patch", DRILLDOWN, patches=[*older, *hole])
    sandbox.fault("patch", "/analytics/series", patches=[{"pointer": "points.4", "drop": True}])
    return sandbox


@pytest.fixture(scope="module")
def project(sandbox, new_project):
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


def verified(project):
    ran = project.social("verify", "--json")
    return ran.code, ran.result


def test_holes_that_were_read_are_a_note(project):
    """A clean first sync verifies; the note counts the holes."""
    code, said = verified(project)

    assert (code, said["findings"]) == (0, [])
    notes = {note["rule"]: note["rows"] for note in said["information"]}
    assert notes[HOLES] >= 2
    days = project.query("select count(*), count(distinct account_id) from series_gaps")
    assert days[0][0] >= 2 * days[0][1] > 0


def test_a_plan_counts_every_metric_of_a_range_that_the_drilldown_does_not_reach(
    sandbox, new_project
):
    """The first metric tells whether there is anything; then four more are asked."""
    project = new_project(sandbox)
    plan = project.social("plan", "--json").result

    ran = project.sync()

    asked = ran.result["providers"]["tokportal"]
    assert asked["requests_by_endpoint"]["/analytics/series"] >= 10
    assert abs(plan["requests"] - asked["requests"]) <= 0.01 * asked["requests"]
    assert asked["planned_requests"] == asked["requests"]


def test_a_day_that_was_lost_stays_a_finding(project):
    """No reading confirmed that one: neither does a hole elsewhere excuse it."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(
            "delete from tokportal.daily_series where (account_id, date) in (select (account_id,"
            " max(date) - 2) from tokportal.daily_series group by account_id limit 1)"
        )

    code, said = verified(project)

    assert code == 8
    assert LOST in {finding["rule"] for finding in said["findings"]}
