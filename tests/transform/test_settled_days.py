"""A day that the marts call settled does not change any more, though the provider restates its
daily series for days, with a window that differs by account."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from day_by_day import changed_cells, oldest_unsettled, read_marts, settled_to

FIRST_DAY = date(2026, 5, 28)  # the sandbox's clock
DEFAULT_WINDOW = 10
PROVIDERS = ("tokportal", "genviral")
CLIENTS = """
[[clients]]
pattern = "client-*-spring-2026"
client = "client {1}"
campaign = "spring"

[[clients]]
pattern = "*-spring-2026-*"
client = "{1}"
campaign = "spring"
"""


def simulate(new_marts, new_sandbox, advances, lag, **world):
    """Sync once a day, build the marts and read them."""
    sandbox = new_sandbox(restated_days="1-5", genviral_restated_days="2", **world)
    lags = {"SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": str(lag)}
    marts = new_marts("duckdb", sandbox, providers=PROVIDERS, **lags)
    (marts.project.folder / ".dlt" / "clients.toml").write_text(CLIENTS)
    marts.readings, marts.platforms = [], {}
    for day in range(advances + 1):
        if day:
            sandbox.advance(days=1)
        ran = marts.project.sync(SOCIAL_NO_TRANSFORM="")
        assert ran.code == 0, ran.stderr
        assert ran.result["transform"]["broken"] == []
        marts.readings.append(read_marts(marts))
    marts.platforms = dict(marts.query("select account_key, platform from dim_account"))
    return marts


@pytest.fixture(scope="module")
def three_days(new_marts, new_sandbox):
    """Raw snapshots are asked at every sync."""
    return simulate(new_marts, new_sandbox, 2, 0, accounts=8, posts=40, days=20)


@pytest.fixture(scope="module", params=[0, 7], ids=lambda lag: f"lag {lag}")
def two_weeks(new_marts, new_sandbox, request):
    made = simulate(new_marts, new_sandbox, 14, request.param, accounts=20, posts=200, days=25)
    made.lag = request.param
    return made


def test_a_settled_figure_stays_as_it_is(three_days):
    assert changed_cells(three_days.readings) == []
    settled = [row for row in three_days.readings[0]["fct_post_day"].values() if row["is_settled"]]
    assert len(settled) > 100


def test_what_increments_made_is_what_a_full_refresh_makes(three_days):
    before = three_days.everything()
    assert three_days.transform("--full-refresh").code == 0
    after = three_days.everything()

    assert {table for table in before if before[table] != after[table]} == set()


@pytest.mark.slow
def test_no_settled_figure_changes_in_two_weeks(two_weeks):
    assert changed_cells(two_weeks.readings) == []


@pytest.mark.slow
def test_a_day_settles_once_the_window_and_the_lag_are_over(two_weeks):
    """Of TokPortal's accounts after the window at the latest, of its posts after the lag."""
    for number, reading in enumerate(two_weeks.readings):
        today = FIRST_DAY + timedelta(days=number)
        of_accounts = oldest_unsettled(reading, "fct_account_day", "tokportal", today)
        of_posts = oldest_unsettled(reading, "fct_post_day", "tokportal", today)
        assert of_accounts <= DEFAULT_WINDOW + 1
        assert of_posts <= two_weeks.lag + 1


@pytest.mark.slow
def test_the_settled_days_of_accounts_move_every_day(two_weeks):
    sought = ("fct_account_day", "tokportal", "account_key")
    ends = [max(settled_to(reading, *sought).values()) for reading in two_weeks.readings]

    assert all(later > earlier for earlier, later in pairwise(ends))


@pytest.mark.slow
def test_the_window_is_learned_from_what_was_restated(two_weeks):
    """No account is restated for more than 5 days."""
    sql = (
        "select is_window_learned, max(restatement_days) from dim_account"
        " where provider = 'tokportal' group by 1"
    )
    assert dict(two_weeks.query(sql))[True] <= 5


@pytest.mark.slow
def test_unsettled_days_are_near_the_truth(two_weeks):
    """Sums of a platform's accounts on a day that is not settled for all of them, against what they
    have at the end. Raw snapshots that are asked later do not matter to accounts."""
    *earlier, last = two_weeks.readings
    final = sums_by_platform(two_weeks, last)
    for number, reading in enumerate(earlier):
        today = FIRST_DAY + timedelta(days=number)
        for (platform, day), (gained, settled) in sums_by_platform(two_weeks, reading).items():
            truth, is_final = final[platform, day]
            if day < today and is_final and not settled:
                assert gained == pytest.approx(truth, rel=0.05)


def sums_by_platform(marts, reading):
    """Views that TokPortal's accounts gained, and whether all of it is settled."""
    sums = defaultdict(lambda: (0, True))
    for row in reading["fct_account_day"].values():
        if row["provider"] == "tokportal":
            key = marts.platforms[row["account_key"]], row["day"]
            gained, settled = sums[key]
            sums[key] = gained + (row["views_gained"] or 0), settled and row["is_settled"]
    return sums
