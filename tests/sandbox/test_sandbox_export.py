"""The CSV export, comment pulse and TokPortal's own reports."""

import csv
from dataclasses import replace
from io import StringIO

import pytest
from sandbox_client import SMALL, Client

DIALECTS = ("first", "later")


def cells(text: str) -> list[dict[str, str]]:
    """The rows of a CSV, headings read without regard to case, spaces and dashes."""
    sheet = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    names = [name.lower().replace(" ", "_").replace("-", "_") for name in next(sheet)]
    return [dict(zip(names, row, strict=True)) for row in sheet]


@pytest.fixture(scope="module", params=DIALECTS)
def spoken(request):
    client = Client(replace(SMALL, dialect=request.param))
    yield client
    client.close()


@pytest.mark.parametrize("tier", ["full", "creator"])
def test_the_export_is_the_truth_in_both_dialects(spoken, tier):
    truth = {row["tracked_post_id"]: row for row in spoken.truth("video_export", tier)}

    answer = spoken.get("/analytics/export/videos", key=f"sk_sandbox_{tier}")

    assert answer.headers["content-type"].startswith("text/csv")
    rows = cells(answer.content.decode())
    assert {row["tracked_post_id"] for row in rows} == truth.keys()
    assert len(rows) == len(truth)
    for row in rows:
        expected = truth[row["tracked_post_id"]]
        said = {name: None if row[name] == "" else row[name] for name in expected}
        told = {name: None if v is None else str(v) for name, v in expected.items()}
        said["published_at"] = told["published_at"]
        assert said == told
    assert ("reach" in rows[0]) == (tier == "full"), "columns depend on the plan"


def test_the_two_dialects_do_not_look_alike(launch):
    bigger = replace(SMALL, posts=900)
    first, later = (launch(replace(bigger, dialect=name)) for name in DIALECTS)
    one, other = (box.get("/analytics/export/videos").content for box in (first, later))

    assert one.startswith(b"\xef\xbb\xbfaccount_id,")
    assert other[:1] == b'"'
    assert b"\r\n" in one
    assert b'"Hook score"' in other
    captions = {row["caption"] for row in cells(one.decode())}
    assert any("\r\n" in text and '"' in text for text in captions)
    assert captions == {row["caption"] for row in cells(other.decode())}


def test_the_export_can_be_narrowed(served):
    posts = served.truth("tracked_posts")
    accounts = {row["account_id"]: row for row in served.truth("accounts")}

    def ids(**params):
        return {
            row["tracked_post_id"]
            for row in cells(served.get("/analytics/export/videos", **params).text)
        }

    account = served.account_id("busy")
    assert ids(account=account) == {
        row["tracked_post_id"] for row in posts if row["account_id"] == account
    }
    assert ids(platform=["instagram", "youtube"]) == {
        row["tracked_post_id"] for row in posts if row["platform"] != "tiktok"
    }
    workspace = accounts[account]["workspace_id"]
    assert ids(workspace=workspace) == {
        row["tracked_post_id"]
        for row in posts
        if accounts[row["account_id"]]["workspace_id"] == workspace
    }
    assert ids(**{"from": "2026-05-01", "to": "2026-05-10"}) == {
        row["tracked_post_id"]
        for row in posts
        if "2026-05-01" <= row["published_at"] < "2026-05-11"
    }
    one = posts[0]
    assert ids(q=one["platform_post_id"]) == {one["tracked_post_id"]}
    assert ids(q="UNBOXING") == {
        row["tracked_post_id"] for row in posts if "unboxing" in (row["caption"] or "").lower()
    }


@pytest.mark.parametrize("path", ["/analytics/export/videos", "/analytics/comments"])
def test_starter_may_not(served, path):
    answer = served.get(path, key="sk_sandbox_starter")

    assert answer.json()["error"]["code"] == "PLAN_UPGRADE_REQUIRED"
    assert served.truth("video_export", "starter") == served.truth("comment_pulse", "creator") == []


def test_the_pulse_is_the_truth(served):
    (truth,) = served.truth("comment_pulse")

    body = served.json("/analytics/comments")

    assert [row["id"] for row in body["comments"]] == truth["comment_ids"]
    assert [row["tracked_post_id"] for row in body["sampled_posts"]] == truth["sampled_posts"]
    assert body["analysis"] == truth["analysis"]
    known = {row["comment_id"] for row in served.truth("comments")}
    assert set(truth["comment_ids"]) <= known


def test_the_pulse_can_be_narrowed(served):
    account = served.account_id("giant")
    body = served.json("/analytics/comments", account=account, limit=3, postLimit=2)
    post = served.truth("tracked_posts", account_id=account)[0]["tracked_post_id"]
    one = served.json("/analytics/comments", post=post, commentsPerPost=1)

    assert len(body["comments"]) <= 3
    assert len(body["sampled_posts"]) == 2
    assert {row["account_id"] for row in body["sampled_posts"]} == {account}
    assert [row["tracked_post_id"] for row in one["sampled_posts"]] == [post]


@pytest.mark.parametrize("params", [{"limit": 41}, {"postLimit": 11}, {"commentsPerPost": 13}])
def test_the_pulse_has_documented_ranges(served, params):
    assert served.get("/analytics/comments", **params).status_code == 400


def test_a_report_is_made_or_downloaded(served):
    body = {"title": "April <1>", "accountIds": [served.account_id("busy")], "template": "agency"}

    made = served.send("POST", "/analytics/export/reports", body)
    page = served.send("POST", "/analytics/export/reports/html", body)
    kept = served.send("POST", "/analytics/export/reports", body, **{"Idempotency-Key": "mine"})

    assert made.json()["url"].endswith(made.json()["token"])
    assert page.headers["content-type"].startswith("text/html")
    assert "April &lt;1&gt;" in page.text
    assert kept.status_code == 400, "its answer carries a secret"


def test_reports_obey_the_plan(served):
    def refused(body: dict[str, str], tier: str) -> bool:
        key = f"sk_sandbox_{tier}"
        answer = served.send("POST", "/analytics/export/reports", body, key=key)
        return answer.status_code == 403

    assert refused({}, "starter")
    assert refused({"brandName": "Acme"}, "creator")
    assert not refused({"brandName": "Acme"}, "full")
    assert served.send("POST", "/analytics/export/reports", {"template": "x"}).status_code == 400
