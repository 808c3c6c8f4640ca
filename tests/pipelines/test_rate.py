"""The rate limit is used up and never hit; at full speed the whole default world is reached."""

import pytest
from oracle import Truth, differences

pytestmark = pytest.mark.slow

MARGIN = 0.95  # of the allowed rate, which the product aims to use at least


def test_rate_below_the_need_is_kept_without_a_429(new_sandbox, new_project):
    """The documented bucket at another size: a burst first, then what refills."""
    sandbox = new_sandbox(accounts=8, posts=160, rate=400)
    project, truth = new_project(sandbox), Truth(sandbox.url)

    ran = project.sync()

    truth.observe()
    asked = sandbox.requests()
    assert ran.code == 0
    assert asked["total"] > 400, "the bucket was never empty: the test shows nothing"
    assert asked["by_status"].get("429", 0) == 0
    assert asked["early"] == 0
    assert ran.result["providers"]["tokportal"]["waited_s"] > 0
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_documented_rate_is_kept_without_a_429(new_sandbox, new_project):
    """120 a minute, 8 accounts of 20 posts: equal to the truth, no 429, and little time lost."""
    sandbox = new_sandbox(accounts=8, posts=160, rate=120)
    project, truth = new_project(sandbox), Truth(sandbox.url)

    ran = project.sync()

    truth.observe()
    asked = sandbox.requests()
    assert ran.code == 0
    assert asked["by_status"].get("429", 0) == 0
    assert asked["early"] == 0
    assert ran.seconds < (asked["total"] - 120) / 2 / MARGIN + 10
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_default_world_is_reached_on_the_first_and_on_the_next_day(new_sandbox, new_project):
    """99 accounts, 4,876 posts, the rate raised a hundredfold: every row of every table."""
    sandbox = new_sandbox(rate=12_000)
    project, truth = new_project(sandbox), Truth(sandbox.url)

    first = project.sync()
    truth.observe()
    assert first.code == 0
    assert differences(truth, project.warehouse) == []

    sandbox.advance(days=1)
    second = project.sync()
    truth.observe()
    assert second.code == 0
    assert differences(truth, project.warehouse) == []
    assert sandbox.requests()["by_status"].get("429", 0) == 0
