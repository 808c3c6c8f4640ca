"""Nothing is paid for twice, nothing is paid that is known to be useless, no limit is crossed."""

from collections import Counter

import pytest
from tokfluence_extract import Memory, extract

BUDGET = 60


@pytest.fixture(scope="module")
def stopped(new_follower, sandbox, posts):
    """A run whose budget ends in the middle, then one without a limit; one post is missing."""
    missing = sandbox.control("GET", "/truth/tokfluence/never_indexed")[0]["url"]
    follower = new_follower(sandbox, post_ids=",".join(posts), post_urls=missing)
    first = follower.sync("--max-credits", str(BUDGET))
    middle = len(follower.charged())
    second = follower.sync()
    charged = follower.charged()
    return follower, (first, charged[:middle]), (second, charged[middle:])


def test_a_budget_is_spent_to_the_last_credit_and_not_crossed(stopped):
    """The provider's own ledger says so; the run says how far it came."""
    _, (ran, charged), _ = stopped
    shown = sum(row["operation"] == "posts.show" for row in charged)

    assert ran.code == 5
    assert BUDGET - 1 <= sum(row["cost"] for row in charged) <= BUDGET
    assert ran.result["providers"]["tokfluence"]["credits"] == sum(r["cost"] for r in charged)
    assert f"the budget of {BUDGET} credits is spent" in ran.messages[-1]
    assert f"{92 - shown} of 92 due posts are still to be read" in ran.messages[-1]


def test_the_next_run_goes_on_where_the_budget_ended(stopped, sandbox, posts):
    """No post is asked twice, the missing one neither, and in the end all of them are there."""
    follower, (_, first), (ran, second) = stopped
    shown = Counter(r["path"] for r in [*first, *second] if r["operation"] == "posts.show")
    truth = sandbox.control("GET", "/truth/tokfluence/posts")
    comments = follower.query("select post_id, count(*) from comments group by 1")

    assert ran.code == 0
    assert len(shown) == 92
    assert set(shown.values()) == {1}
    assert follower.query("select count(*) from posts") == [(len(posts),)]
    assert dict(comments) == {p["post_id"]: p["comments"] for p in truth if p["comments"]}


def test_1900_comments_are_ten_pages(sandbox, many, spent):
    """Twenty credits, and as many rows; the post itself costs another."""
    ran = extract(sandbox, post_ids=many)

    assert ran.asked("/posts/{id}/comments") == 10
    assert spent() == 21
    assert len(ran.rows("comments")) == 1900
    assert [row["status"] for row in ran.rows("sync_completeness")] == ["proven"] * 2


def test_a_walk_that_breaks_off_goes_on_at_its_page(sandbox, many, spent):
    """What is paid for lands, so a budget smaller than the walk still comes to its end."""
    memory = Memory()

    runs = [extract(sandbox, memory, post_ids=many, max_credits=9) for _ in range(3)]

    assert [len(ran.rows("comments")) for ran in runs] == [800, 800, 300]
    assert [[error["code"] for error in ran.errors] for ran in runs] == [
        ["budget_spent"],
        ["budget_spent"],
        [],
    ]
    assert spent() == 21
    assert [row["status"] for row in runs[-1].rows("sync_completeness")] == ["proven"]


def test_comments_are_asked_only_when_their_counter_moved(sandbox, many):
    """The next day's reading finds the same counter, and the day after three more."""
    memory, options = Memory(), {"post_ids": many, "young_days": 10_000}
    extract(sandbox, memory, **options)
    sandbox.advance(days=1)

    quiet = extract(sandbox, memory, **options)
    sandbox.edit("tokfluence_add_comments", post_id=many, n=3)
    sandbox.advance(days=2)
    moved = extract(sandbox, memory, **options)

    assert quiet.asked("/posts/{id}") == moved.asked("/posts/{id}") == 1
    assert (quiet.asked("/posts/{id}/comments"), moved.asked("/posts/{id}/comments")) == (0, 10)
    assert len(memory.rows["comments"]) == 1903


def test_a_missing_post_is_paid_for_once_until_its_date(sandbox, spent):
    """After it once more; and when it is there it is no longer missing."""
    missing = sandbox.control("GET", "/truth/tokfluence/never_indexed")[1]
    memory, options = Memory(), {"post_urls": missing["url"], "streams": ["posts"]}
    extract(sandbox, memory, **options)
    extract(sandbox, memory, full_refresh=True, **options)
    ((before,), cost) = memory.rows["missing_posts"].values(), spent()
    analyze(sandbox, missing["url"])
    sandbox.advance(days=15)

    found = extract(sandbox, memory, **options)

    assert (before["checks"], before["found_at"], cost) == (1, None, 1)
    assert found.asked("/posts/{id}") == 1
    (after,) = memory.rows["missing_posts"].values()
    assert after["found_at"] is not None
    assert after["retry_after"] is None
    assert [row["post_id"] for row in memory.rows["posts"].values()] == [missing["post_id"]]


def analyze(sandbox, url):
    """As a user does in the app."""
    answer = sandbox._http.post(
        f"{sandbox.url}/v1/posts/analyze",
        json={"urls": [url]},
        headers={"Authorization": "Bearer tkf_sandbox_app"},
    )
    assert answer.status_code == 200, answer.text


def test_the_balance_stays_above_its_floor(sandbox, posts):
    """Spending ends where it would cross the floor; what was read stays."""
    sandbox.edit("tokfluence_set_credits", n=60)

    ran = extract(sandbox, post_ids=posts, credits_floor=40)

    balance = sandbox.control("GET", "/credits")["default"]["balance"]
    sandbox.edit("tokfluence_set_credits", n=10_000)
    assert 40 <= balance <= 41
    assert [error["code"] for error in ran.errors] == ["credits_too_low"]
    assert ran.rows("posts")


def test_a_run_spends_no_more_than_its_own_limit(sandbox, posts, spent):
    """`max_credits` holds without any flag."""
    ran = extract(sandbox, post_ids=posts, max_credits=10)

    assert spent() in (9, 10)
    assert [error["code"] for error in ran.errors] == ["budget_spent"]


def test_an_empty_account_is_said_and_not_asked_again(sandbox, posts, fault):
    """402 ends the run; the posts are all still to be read."""
    fault("status", "/posts/.*", status=402, code="insufficient_credits")
    sandbox.control("DELETE", "/requests?provider=tokfluence")

    ran = extract(sandbox, post_ids=posts, concurrency=1)

    counts = sandbox.control("GET", "/requests?provider=tokfluence")
    assert counts["by_status"]["402"] == 1
    assert [error["code"] for error in ran.errors] == ["insufficient_credits"]
    assert f"{len(posts)} of {len(posts)} due posts" in ran.errors[0]["message"]


def test_a_refunded_failure_is_not_counted(sandbox, posts, fault, spent):
    """502 costs nothing and is asked again."""
    fault("status", "/posts/[0-9]+", status=502, code="upstream_error", times=2)

    ran = extract(sandbox, post_ids=posts[0], streams=["posts"])

    assert ran.errors == []
    assert ran.credits == spent() == 1
