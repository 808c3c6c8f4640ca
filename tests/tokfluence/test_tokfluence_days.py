"""What is followed is in the warehouse as the provider has it, day after day, in either dialect."""

import pytest
from tokfluence_extract import Memory, extract
from tokfluence_follower import SMALL, Truth

DAILY = 10_000  # days: every post counts as young


@pytest.fixture(scope="module")
def followed(new_follower, sandbox, many):
    """A sync a day, and what differed after each; nights bring posts and comments."""
    follower, truth, found = new_follower(sandbox, young_days=DAILY), Truth(sandbox), []
    for day in range(4):
        if day:
            sandbox.edit("tokfluence_add_comments", post_id=many, n=3)
            sandbox.advance(days=1)
        ran = follower.sync(**truth.everything())
        assert ran.code == 0, ran.stderr
        truth.observe()
        found.append(truth.differences(follower.read))
    return follower, found


def test_every_day_the_warehouse_is_what_the_provider_has(followed):
    """At the first sync and after each of three days; nothing was rejected on the way."""
    follower, found = followed

    assert found == [[], [], [], []]
    assert follower.query("select count(*) from sync_rejects") == [(0,)]
    assert follower.query("select count(distinct fetched_on) from post_snapshots") == [(4,)]


def test_the_other_dialect_comes_to_the_same(new_sandbox):
    """Nulls that are absent, totals as text, campaigns in one page, the newest comments first."""
    sandbox, memory = new_sandbox(**SMALL, dialect="later"), Memory()
    truth, many = Truth(sandbox), sandbox.control("GET", "/tokfluence")["many_comments_post_id"]
    for day in range(3):
        if day:
            sandbox.edit("tokfluence_add_comments", post_id=many, n=3)
            sandbox.advance(days=1)
        ran = extract(sandbox, memory, young_days=DAILY, **truth.everything())
        truth.observe()
        assert ran.errors == []
        assert truth.differences(lambda table, columns: memory.rows[table].values()) == []


def test_another_sync_of_the_day_costs_nothing(followed, sandbox, spent):
    """Everything was read today: the time is all that is asked."""
    follower, _ = followed

    ran = follower.sync(**Truth(sandbox).everything())

    assert ran.code == 0
    assert spent() == 0
    assert ran.result["providers"]["tokfluence"]["requests"] == 1
    assert ran.result["providers"]["tokfluence"]["written"] == {}


def test_campaigns_bring_their_posts_without_single_requests(followed, sandbox):
    """A post that a campaign lists is not paid for again."""
    follower, _ = followed
    listed = {row["post_id"] for row in Truth(sandbox).of("campaign_posts")}
    shown = {row["path"] for row in follower.charged() if row["operation"] == "posts.show"}

    assert listed
    assert not {f"/posts/{post_id}" for post_id in listed} & shown


STREAMS = ("campaigns", "posts", "comments", "creators")


def test_everything_read_is_proven_complete(followed):
    """The comments are as many as the provider counts, and so are campaigns' posts."""
    follower, _ = followed
    rows = follower.query("select distinct stream, status from sync_completeness")

    assert set(rows) == {(stream, "proven") for stream in STREAMS}


def test_the_ledger_is_the_providers_own(followed, sandbox):
    """Calls and credits by operation, summed over the runs, as the provider booked them."""
    follower, _ = followed
    booked = {}
    for row in follower.charged():
        calls, cost = booked.get(row["operation"], (0, 0))
        booked[row["operation"]] = (calls + 1, cost + row["cost"])
    held = follower.query(
        "select operation, sum(calls)::bigint, sum(credits)::bigint from credit_ledger group by 1"
    )
    ((balance,),) = follower.query("select min(balance_after) from credit_ledger")

    assert {operation: (calls, cost) for operation, calls, cost in held} == booked
    assert balance == sandbox.control("GET", "/credits")["default"]["balance"]


def test_status_and_verify_find_nothing_wrong(followed):
    """Creators are no accounts of a listing; their freshness counts all the same."""
    follower, _ = followed

    status = follower.project.social("status", "--json")

    assert status.code == 0
    assert {s["stream"] for s in _streams(status)} == {"campaigns", "comments", "creators", "posts"}


def _streams(status):
    return status.result["providers"]["tokfluence"]["streams"]
