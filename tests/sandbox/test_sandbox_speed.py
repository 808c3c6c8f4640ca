"""The sandbox must never be what limits a pipeline that is measured against it."""

import pytest
from sandbox_load import cpu_seconds, measure

from sandbox.server import Settings

pytestmark = pytest.mark.slow


def test_a_hundred_row_page_is_served_a_thousand_times_a_second(launch):
    """On one core: processor time of the server counts, not that of this client."""
    sandbox = launch(Settings(accounts=8, posts=1_000, rate=10_000_000))
    account = sandbox.account_id("giant")
    page = f"/accounts/{account}/analytics/videos?per_page=100"
    assert len(sandbox.json(page)["data"]) == 100

    speed = measure(
        sandbox.child.base_urls["tokportal"], sandbox.key, [page] * 3_000, sandbox.child.pid
    )

    assert speed.per_cpu_second > 1_000, speed
    assert speed.per_second > 500, speed


def test_answers_that_were_never_given_before_are_fast_too(launch):
    """A sync asks each post's raw history once, so nothing is in the cache."""
    sandbox = launch(Settings(accounts=20, posts=1_000, rate=10_000_000))
    posts = [row["tracked_post_id"] for row in sandbox.truth("tracked_posts")]
    paths = [f"/analytics/posts/{post}/raw?limit=30" for post in posts]

    speed = measure(sandbox.child.base_urls["tokportal"], sandbox.key, paths, sandbox.child.pid)

    assert speed.per_cpu_second > 500, speed


def test_the_dashboard_of_a_huge_portfolio_does_not_walk_its_posts(launch):
    """Processor time of the server: four hundred thousand posts would take it ten seconds."""
    sandbox = launch(Settings(accounts=2_000, posts=400_000, rate=10_000_000))
    before = cpu_seconds(sandbox.child.pid)

    totals = sandbox.json("/analytics")["totals"]

    assert cpu_seconds(sandbox.child.pid) - before < 4
    assert totals["tracked_posts"] == 400_000
    assert totals["post_views"] is None
    assert totals.items() <= sandbox.truth("portfolio")[0].items()
