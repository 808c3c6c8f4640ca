"""Weeks of `/analytics/series`: read again whole, or not at all."""

from datetime import date

import pytest

from sources.landing.days import period_start


@pytest.mark.parametrize(
    ("grain", "first"),
    [("day", "2026-05-28"), ("week", "2026-05-25"), ("month", "2026-05-01"), ("?", "2026-01-01")],
)
def test_a_period_is_asked_from_its_first_day(grain, first):
    """Of a grain that nobody documented from the first of the year."""
    assert period_start(date(2026, 5, 28), grain) == date.fromisoformat(first)


def test_no_week_and_no_gain_shrinks_from_sync_to_sync(new_sandbox, new_project):
    """The lookback ends in the middle of a week, on another day of it each time."""
    sandbox = new_sandbox(accounts=3, posts=12, days=30)
    project = new_project(sandbox)
    for _ in range(4):
        assert project.sync("-s", "tokportal.series_points").code == 0
        sandbox.advance(days=1)
    assert project.sync("-s", "tokportal.series_points").code == 0

    for grain, mode in (("week", "gained"), ("week", "cumulative"), ("day", "gained")):
        wanted = {
            (row["account_id"], row["metric"], row["date"]): row["value"]
            for account in sandbox.accounts()
            for row in sandbox.control(
                "GET",
                f"/truth/series_points?account_id={account}&granularity={grain}&mode={mode}",
            )
        }
        held = project.query(
            "select account_id, metric, cast(date as varchar), value from series_points"
            f" where granularity = '{grain}' and mode = '{mode}'"
        )
        assert {row[:3]: row[3] for row in held} == wanted
