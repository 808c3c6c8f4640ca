"""Tokfluence: what is in its index, what each request costs, and how it fails."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sandbox_client import SMALL, Client

CREDITS = 100_000
QUICK = replace(SMALL, tokfluence_rate=1_000_000, tokfluence_credits=CREDITS)


class Reader:
    """A client of /v1 beside the control plane of its sandbox."""

    def __init__(self, sandbox: Client) -> None:
        self.sandbox = sandbox
        self.marks = sandbox.control("GET", "/tokfluence")
        self._http = httpx.Client(base_url=sandbox.child.base_urls["tokfluence"], timeout=10)

    def ask(
        self, path: str, key: str = "", method: str = "GET", body: Any = None, **headers: str
    ) -> httpx.Response:
        given = {"Authorization": f"Bearer {key or self.sandbox.child.keys['tokfluence']}"}
        return self._http.request(method, path, json=body, headers=given | headers)

    def json(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def analyze(self, *urls: str, **more: Any) -> Any:
        return self.ask("/posts/analyze", method="POST", body={"urls": urls, **more}).json()

    def pages(self, path: str, limit: int) -> tuple[list[dict[str, Any]], Any]:
        """All rows of a list, and the total its last page told."""
        rows: list[dict[str, Any]] = []
        cursor: Any = 0
        while cursor is not None:
            body = self.json(f"{path}?limit={limit}&cursor={cursor}")
            rows += body["data"]
            cursor = body["meta"].get("next_cursor")
        return rows, body["meta"]["total"]

    def truth(self, table: str, **params: str) -> list[dict[str, Any]]:
        return self.sandbox.truth(f"tokfluence/{table}", **params)

    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.control("GET", "/credits")["default"]
        return found

    def spent(self, *answers: httpx.Response) -> list[tuple[str, int]]:
        """What the newest bookings say, one per answer."""
        return [(row["operation"], row["cost"]) for row in self.ledger()["rows"][-len(answers) :]]

    def fault(self, kind: str, path: str = ".*", **fields: Any) -> None:
        self.sandbox.fault(kind, path, provider="tokfluence", times=1, **fields)


@pytest.fixture(scope="module")
def shared() -> Iterator[Reader]:
    """One sandbox; tests change it only where no other test looks."""
    client = Client(QUICK)
    yield Reader(client)
    client.close()


@pytest.fixture
def reader(shared: Reader) -> Reader:
    """The shared sandbox with its credits as at the start."""
    shared.sandbox.edit("tokfluence_set_credits", n=CREDITS)
    return shared


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def balance(answer: httpx.Response) -> int:
    return int(answer.headers["X-Credits-Remaining"])


def test_every_indexed_post_is_served_as_the_truth_has_it(reader):
    truth = reader.truth("posts")

    for row in truth:
        served = reader.json(f"/posts/{row['post_id']}")["data"]
        music = served.pop("music") or {"title": None, "author": None, "original": None}
        assert served.pop("cover_url") == row["thumbnail_url"]
        assert served.pop("duration") == row["duration_seconds"]
        assert all(row[name] == value for name, value in served.items())
        assert all(row[f"music_{name}"] == value for name, value in music.items())
    assert {row["platform"] for row in truth} == {"tiktok"}
    assert any(row["mentions"] for row in truth)
    assert 0 < sum(row["shares"] is None for row in truth) < len(truth) / 5
    assert any("@" + row["creator_handle"] not in row["url"] for row in truth), "capitals in a URL"


def test_posts_are_those_of_the_portfolio_and_some_of_others(reader):
    theirs = {
        row["platform_post_id"]
        for row in reader.sandbox.truth("tracked_posts", removed="include")
        if row["platform"] == "tiktok" and row["content_type"] == "video"
    }
    indexed = {row["post_id"] for row in reader.truth("posts")}
    never = {row["post_id"] for row in reader.truth("never_indexed")}

    assert never <= theirs - indexed
    assert len(theirs & indexed) > 0.8 * len(theirs)
    assert set(reader.marks["foreign_post_ids"]) <= indexed - theirs


def test_counters_are_as_of_an_analysis_of_its_own(launch):
    reader = Reader(launch(QUICK))
    before = {row["post_id"]: row for row in reader.truth("post_snapshots")}
    assert before == {row["post_id"]: row for row in reader.truth("post_snapshots")}

    reader.sandbox.advance(hours=24)

    after = {row["post_id"]: row for row in reader.truth("post_snapshots")}
    fresh = [one for one in before if before[one]["views"] != after[one]["views"]]
    assert {row["fetched_on"] for row in after.values()} == {"2026-05-29"}
    assert 0 < len(fresh) < len(before) / 2, "old posts are analysed rarely"
    assert all(row["saves"] is not None for row in after.values())


def test_an_account_limits_the_truth(reader):
    account = reader.sandbox.account_id("busy")

    posts = {row["post_id"] for row in reader.truth("posts", account_id=account)}
    comments = {row["post_id"] for row in reader.truth("comments", account_id=account)}

    assert comments <= posts < {row["post_id"] for row in reader.truth("posts")}


def test_1900_comments_are_paged_by_skipping(reader):
    post_id = reader.marks["many_comments_post_id"]

    rows, total = reader.pages(f"/posts/{post_id}/comments", limit=500)

    truth = [row for row in reader.truth("comments") if row["post_id"] == post_id]
    assert total == len(rows) == len({row["comment_id"] for row in rows}) == 1_900
    assert reader.json(f"/posts/{post_id}")["data"]["comments"] == 1_900
    assert rows[0]["comment_id"] == f"{post_id}-c-1"
    for served, row in zip(rows, truth, strict=True):
        assert served.pop("author_picture") == row["author_picture_url"]
        assert all(row[name] == value for name, value in served.items())
    assert len(reader.json(f"/posts/{post_id}/comments")["data"]) == 50
    assert reader.ledger()["balance"] == CREDITS - 10 * 2 - 1 - 2


def test_replies_are_rows_with_a_parent(reader):
    rows = reader.truth("comments")
    known = {row["comment_id"] for row in rows}
    answers = Counter(row["parent_comment_id"] for row in rows)

    assert set(answers) - {None} <= known
    assert all(row["reply_count"] == answers[row["comment_id"]] for row in rows)


def test_credits_are_debited_before_the_work(reader):
    post_id = reader.marks["foreign_post_ids"][0]
    answers = [
        reader.ask(f"/posts/{post_id}"),
        reader.ask("/posts/12"),
        reader.ask(f"/posts/{post_id}/comments?limit=many"),
        reader.ask("/posts/analyze", method="POST", body={"urls": ["x"] * 51}),
    ]

    assert [balance(one) for one in answers] == [CREDITS - n for n in (1, 2, 4, 4 + 51 * 25)]
    assert code(answers[1]) == (404, "post_not_found")
    assert code(answers[2]) == code(answers[3]) == (422, "missing_parameter")
    assert reader.spent(*answers) == [
        ("posts.show", 1),
        ("posts.show", 1),
        ("posts.comments", 2),
        ("posts.analyze", 51 * 25),
    ]


def test_too_few_credits_cost_nothing(reader):
    campaign = reader.marks["campaign_ids"][0]
    reader.sandbox.edit("tokfluence_set_credits", n=1)
    booked = reader.ledger()["rows"]

    answer = reader.ask(f"/campaigns/{campaign}/posts")

    assert code(answer) == (402, "insufficient_credits")
    assert balance(answer) == 1
    assert reader.ledger()["rows"] == booked
    assert reader.ask(f"/campaigns/{campaign}").status_code == 200


def test_a_failed_upstream_is_refunded_and_an_internal_error_is_not(reader):
    path = f"/posts/{reader.marks['foreign_post_ids'][0]}"
    reader.fault("status", path, status=502, code="upstream_error")
    reader.fault("status", path, status=500, skip=1)

    failed, broken = reader.ask(path), reader.ask(path)

    assert (code(failed), balance(failed)) == ((502, "upstream_error"), CREDITS)
    assert (code(broken), balance(broken)) == ((500, "internal_error"), CREDITS - 1)
    assert [row["cost"] for row in reader.ledger()["rows"][-3:]] == [1, -1, 1]


def test_a_request_that_a_fault_turns_away_costs_nothing(reader):
    path = f"/posts/{reader.marks['foreign_post_ids'][0]}"
    reader.fault("status", path, status=429, code="rate_limited", headers={"Retry-After": "0"})

    refused = reader.ask(path, **{"X-Request-Id": "turned-away"})
    again = reader.ask(path, **{"X-Request-Id": "turned-away"})

    assert balance(refused) == CREDITS
    assert (again.status_code, balance(again)) == (200, CREDITS - 1)


def test_a_repeated_request_id_is_refused(reader):
    path = f"/posts/{reader.marks['foreign_post_ids'][0]}"

    first = reader.ask(path, **{"X-Request-Id": "once"})
    second = reader.ask(path, **{"X-Request-Id": "once"})
    own = reader.ask(path)

    assert first.headers["X-Request-Id"] == "once"
    assert code(second) == (409, "duplicate_request")
    assert balance(first) == balance(second) == balance(own) + 1
    assert own.headers["X-Request-Id"] not in ("", reader.ask(path).headers["X-Request-Id"])


def test_analyze_brings_a_post_into_the_index(reader):
    wanted = reader.truth("never_indexed")[0]
    path = f"/posts/{wanted['post_id']}"
    assert code(reader.ask(path)) == (404, "post_not_found")

    said = reader.analyze(wanted["url"], wanted["url"], "https://example.com/1")

    assert [row["status"] for row in said["data"]] == ["analyzed", "analyzed", "failed"]
    assert said["data"][0] == {
        "url": wanted["url"], "postId": wanted["post_id"], "status": "analyzed"
    }  # fmt: skip
    assert said["meta"] == {"submitted": 3, "cost": 75}
    assert reader.spent(said) == [("posts.analyze", 75)]
    assert reader.ask(path).status_code == 404, "not yet"
    reader.sandbox.advance(hours=1 / 60)
    assert reader.json(path)["data"]["url"] == wanted["url"]
    assert wanted not in reader.truth("never_indexed")
    assert reader.analyze(wanted["url"])["data"][0]["status"] == "fresh"
    assert reader.analyze(wanted["url"], force=True)["data"][0]["status"] == "analyzed"


def test_an_analysis_can_take_real_time(launch):
    reader = Reader(launch(replace(QUICK, refresh_real_seconds=0.2)))
    wanted = reader.marks["never_indexed"][0]
    reader.analyze(wanted["url"])
    assert reader.ask(f"/posts/{wanted['post_id']}").status_code == 404

    time.sleep(0.4)

    assert reader.ask(f"/posts/{wanted['post_id']}").status_code == 200


def test_the_answer_to_an_accepted_analysis_can_be_lost(reader):
    wanted = reader.truth("never_indexed")[-1]
    reader.fault("reset", "/posts/analyze")

    with pytest.raises(httpx.TransportError):
        reader.analyze(wanted["url"])

    assert reader.spent(wanted) == [("posts.analyze", 25)]
    reader.sandbox.advance(hours=1 / 60)
    assert reader.ask(f"/posts/{wanted['post_id']}").status_code == 200


def test_a_forgotten_post_is_gone_until_it_is_analysed(reader):
    post_id = reader.marks["foreign_post_ids"][1]
    url = reader.json(f"/posts/{post_id}")["data"]["url"]

    reader.sandbox.edit("tokfluence_forget", post_id=post_id)

    assert code(reader.ask(f"/posts/{post_id}")) == (404, "post_not_found")
    assert code(reader.ask(f"/posts/{post_id}/comments")) == (404, "post_not_found")
    assert post_id not in {row["post_id"] for row in reader.truth("posts")}
    reader.analyze(url)
    reader.sandbox.advance(hours=1 / 60)
    assert reader.json(f"/posts/{post_id}")["data"]["url"] == url


def test_added_comments_leave_the_others_their_ids(reader):
    post_id = next(row["post_id"] for row in reader.truth("posts") if 3 < row["comments"] < 90)
    path = f"/posts/{post_id}/comments"
    before, total = reader.pages(path, limit=200)

    reader.sandbox.edit("tokfluence_add_comments", post_id=post_id, n=120)

    rows, now_total = reader.pages(path, limit=50)
    assert (len(rows), now_total) == (total + 120, total + 120)
    assert rows[: len(before)] == before
    assert reader.json(f"/posts/{post_id}")["data"]["comments"] == now_total


def test_pages_can_repeat_for_ever_or_shift(reader):
    path = f"/posts/{reader.marks['many_comments_post_id']}/comments"
    reader.fault("repeat_page", path)
    reader.fault("shift_page", path, by=3, skip=1)

    repeated = reader.json(f"{path}?cursor=50")
    shifted = reader.json(f"{path}?cursor=100&limit=50")

    assert repeated == reader.json(f"{path}?cursor=0")
    assert repeated["meta"]["next_cursor"] == 50
    assert shifted["data"][0]["comment_id"].endswith("-c-98")


def test_campaigns_and_what_is_below_them(reader):
    campaigns = {row["campaign_id"]: row for row in reader.truth("campaigns")}
    metrics = {row.pop("campaign_id"): row for row in reader.truth("campaign_metrics")}
    tracked = [
        (one["campaign_id"], one["post_id"], one["creator_handle"], one["fee_cents"])
        for one in reader.truth("campaign_posts")
    ]
    served = []

    for campaign_id, row in campaigns.items():
        data = reader.json(f"/campaigns/{campaign_id}")["data"]
        assert str(data.pop("id")) == campaign_id
        assert data.items() <= row.items()
        assert reader.json(f"/campaigns/{campaign_id}/metrics")["data"] == metrics[campaign_id]
        posts, total = reader.pages(f"/campaigns/{campaign_id}/posts", limit=25)
        assert len(posts) == total == row["tracked_posts_count"]
        served += [
            (campaign_id, one["post_id"], one["creator_handle"], one["fee_cents"]) for one in posts
        ]
        influencers, count = reader.pages(f"/campaigns/{campaign_id}/influencers", limit=3)
        assert len(influencers) == count == row["tracked_influencers_count"]

    assert sorted(served) == sorted(tracked)
    assert list(campaigns) == ["4711", "4712", "4713"]
    assert campaigns["4711"]["tracked_posts_count"] >= 59
    assert code(reader.ask("/campaigns/1")) == (404, "campaign_not_found")
    foreign = reader.ask(f"/campaigns/{reader.marks['forbidden_campaign_id']}")
    assert code(foreign) == (403, "forbidden")


def test_creators_by_id_and_by_handle(reader):
    row = reader.truth("creators")[0]
    by_id = reader.json(f"/creators/{row['creator_id']}")["data"]

    assert by_id == reader.json(f"/creators/@{row['username'].upper()}")["data"]
    assert by_id["engagement_rate"] == row["engagement_rate_reported"] < 1
    assert code(reader.ask("/creators/nobody")) == (404, "creator_not_found")
    posts = reader.ask(f"/creators/{row['creator_id']}/posts")
    assert 0 < len(posts.json()["data"]) <= 30
    assert reader.spent(posts) == [("creators.posts", 25)]


def test_searching_creators(reader):
    everyone = reader.truth("creators")
    regions = {row["region"] for row in everyone} - {None}
    region = min(regions)

    found = reader.json(f"/creators/search?region={region}&limit=1")
    answer = reader.ask("/ai_search", method="POST", body={"query": "anyone", "max_results": 3})

    assert found["meta"]["total"] == sum(row["region"] == region for row in everyone)
    assert len(found["data"]) == 1
    assert len(answer.json()["data"]) == 3
    assert answer.json()["meta"]["cost"] == 25
    assert reader.spent(answer) == [("ai_search", 25)]


def test_writes_are_refused_and_counted(reader):
    count = "/requests?provider=tokfluence"
    before = reader.sandbox.control("GET", count)["forbidden"]

    answers = [
        reader.ask("/campaigns", method="POST", body={"name": "x", "urls": []}),
        reader.ask("/campaigns/4711", method="DELETE"),
    ]

    assert [code(one) for one in answers] == [(403, "forbidden")] * 2
    assert balance(answers[1]) == CREDITS
    assert reader.sandbox.control("GET", count)["forbidden"] == before + 2


def test_keys_and_their_errors(reader):
    path = f"/posts/{reader.marks['foreign_post_ids'][0]}"
    bad = reader.ask(path, key="tkf_live_x")
    reader.sandbox.edit("revoke_key", key="tkf_sandbox_other")

    assert code(bad) == code(reader.ask(path, key="tkf_sandbox_other")) == (401, "unauthorized")
    assert "X-Credits-Remaining" not in bad.headers, "nobody's balance"
    assert reader.ask(path, key="tkf_sandbox_third").status_code == 200


def test_a_rate_of_its_own(launch):
    reader = Reader(launch(replace(QUICK, tokfluence_rate=2)))
    path = f"/posts/{reader.marks['foreign_post_ids'][0]}"

    answers = [reader.ask(path) for _ in range(3)]

    assert code(answers[2]) == (429, "rate_limited")
    assert answers[2].headers["Retry-After"] == "30"
    assert balance(answers[2]) == CREDITS - 2
    assert reader.sandbox.get("/me").status_code == 200
    summary = reader.sandbox.control("GET", "/requests?provider=tokfluence")
    assert summary["by_route"] == {"GET /posts/{id}": 3}


def test_owners_have_credits_and_campaigns_of_their_own(launch):
    reader = Reader(launch(replace(QUICK, tenants=2)))
    theirs = reader.truth("campaigns", tenant="b")[0]["campaign_id"]

    assert theirs == "4714"
    assert code(reader.ask(f"/campaigns/{theirs}")) == (403, "forbidden")
    answer = reader.ask(f"/campaigns/{theirs}", key="tkf_sandbox_b_second")
    assert answer.json()["data"]["id"] == 4714
    assert balance(answer) == CREDITS - 1
    assert reader.ledger()["balance"] == CREDITS - 1


def test_the_later_dialect_says_the_same_in_other_words(launch, reader):
    later = Reader(launch(replace(QUICK, dialect="later")))
    post_id = later.marks["many_comments_post_id"]

    page = later.json(f"/posts/{post_id}/comments?limit=200")
    rows, _ = later.pages(f"/posts/{post_id}/comments", limit=200)
    campaign = later.json("/campaigns/4711/posts?limit=5")
    queued = later.analyze(later.marks["never_indexed"][0]["url"])

    assert page["meta"] == {"total": "1900", "next_cursor": "200"}
    assert rows[0]["comment_id"] == f"{post_id}-c-1900"
    assert rows[0]["published_at"].endswith("+00:00")
    assert any("parent_comment_id" not in row for row in rows)
    assert campaign["meta"] == {"total": len(campaign["data"])}
    assert campaign["data"][0]["creator_handle"].startswith("@")
    assert queued["data"][0]["status"] == "queued"
    assert {row["comment_id"] for row in rows} == {
        row["comment_id"] for row in later.truth("comments") if row["post_id"] == post_id
    }
    assert later.truth("never_indexed")[0] == later.marks["never_indexed"][0]
