"""What a sync saves against a walk that asks everything again, on an ordinary portfolio.

99 accounts, 4,876 posts, about 28 % of them measured again each day. Asking everything again is
about 15,700 requests: the lists, and per account and per post the drilldown, raw snapshots and
comments, page by page.

With a lag of seven days the second week costs more than the first: then every post that was
measured at all in the week before is asked, and of the older ones, which are measured every eighth
day, each observation alone. No schedule that keeps the lag asks less for them. The same holds for
the comments of posts whose counter stands still.
"""

import pytest
from oracle import Truth, differences

pytestmark = pytest.mark.slow

EVERYTHING = 15_700
DAYS = 14


@pytest.fixture
def sandbox(new_sandbox):
    return new_sandbox(accounts=99, posts=4876)


def asked(ran):
    assert ran.code == 0
    return ran.result["providers"]["tokportal"]["requests"]


def test_next_day_with_no_lag_asks_an_eighth_and_misses_nothing(sandbox, new_project):
    project, truth = new_project(sandbox), Truth(sandbox.url)
    asked(project.sync())
    truth.observe()
    sandbox.advance(days=1)

    requests = asked(project.sync())

    truth.observe()
    print(f"\nraw lag 0, next day: {requests} requests, {EVERYTHING / requests:.1f} times fewer")
    assert differences(truth, project.warehouse) == []
    assert requests * 8 <= EVERYTHING


def test_two_weeks_with_the_default_lags_ask_a_thirteenth(sandbox, new_project):
    """And when the lag is over, with one more sync that does not wait, nothing is missing."""
    project, truth = (
        new_project(sandbox, SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS=""),
        Truth(sandbox.url),
    )
    asked(project.sync())
    truth.observe()
    daily = []
    for _ in range(DAYS):
        sandbox.advance(days=1)
        daily.append(asked(project.sync()))
        truth.observe()

    requests = sum(daily) / DAYS
    print(f"\nraw lag 7: {daily}, on average {EVERYTHING / requests:.1f} times fewer")
    asked(project.sync(SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS="0"))
    assert differences(truth, project.warehouse) == []
    assert requests * 13 <= EVERYTHING
