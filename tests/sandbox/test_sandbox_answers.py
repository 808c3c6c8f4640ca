"""What the endpoints serve, and that it is the truth."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from sandbox_client import SMALL

from sandbox.server import Settings

Row = dict[str, Any]
POST_COUNTERS = ("views", "likes", "comments", "shares", "bookmarks", "impressions", "reach")


def by(rows: list[Row], *names: str) -> dict[tuple[Any, ...], Row]:
    keyed = {tuple(row[name] for name in names): row for row in rows}
    assert len(keyed) == len(rows), "a key occurs once"
    return keyed


def listed(sandbox, path: str, per_page: int = 7, **params: Any) -> list[Row]:
    """All pages of a list, checked against its own total."""
    rows: list[Row] = []
    for page in range(1, 1_000):
        body = sandbox.json(path, page=page, per_page=per_page, **params)
        rows += body["data"]
        if page >= body["pagination"]["total_pages"]:
            break
    assert len(rows) == body["pagination"]["total"]
    return rows


def analysed(sandbox) -> list[str]:
    return [row["id"] for row in sandbox.accounts() if row["latest"]]


def all_raw(sandbox, path: str) -> list[Row]:
    """Every stored snapshot: full pages are walked back by their oldest capture."""
    rows: dict[str, Row] = {}
    window: dict[str, str] = {}
    while True:
        page = sandbox.json(path, limit=30, **window)["data"]
        rows |= {row["id"]: row for row in page}
        if len(page) < 30:
            return list(rows.values())
        window = {"to": page[-1]["captured_at"]}


def test_accounts_are_the_truth(served):
    truth = by(served.truth("accounts"), "account_id")
    listing = by(listed(served, "/accounts", per_page=3), "id")
    dashboard = by(served.accounts(), "id")

    assert truth.keys() == listing.keys() == dashboard.keys()
    for key, row in truth.items():
        account, header = listing[key], dashboard[key]
        assert row["display_name"] == account["visible_name"] == header["display_name"]
        for name in ("profile_url", "banned", "created_at", "updated_at", "platform", "username"):
            assert row[name] == account[name]
        for name in ("country", "workspace_id", "connected"):
            assert row[name] == header[name]
        assert row["external_ref"] == header.get("external_ref")
        assert row["analytics_source"] == header["source"]


@pytest.mark.parametrize("hours", [0, 24])
def test_the_drilldown_is_the_truth(sandbox, hours):
    sandbox.advance(hours)
    posts = by(sandbox.truth("tracked_posts"), "tracked_post_id")
    days = by(sandbox.truth("daily_series"), "account_id", "date")
    newest = by(sandbox.truth("account_snapshots"), "account_id", "source", "captured_at")
    shares = by(sandbox.truth("demographics"), "account_id", "captured_at", "dimension", "bucket")
    for account in analysed(sandbox):
        body = sandbox.json(f"/analytics/accounts/{account}")

        latest = body["latest"]
        truth = newest.pop((account, latest["source"], latest["captured_at"]))
        assert truth["posts_tracked"] == latest["posts_count"]
        assert truth["followers"] == latest["followers"]
        for row in body["posts"]:
            truth = posts.pop((row["tracked_post_id"],))
            assert truth["account_id"] == account
            assert truth["caption"] == row["description"]
            assert truth["engagement_rate_reported"] == row["engagement_rate"]
            same = ("platform_post_id", "published_at", "captured_at", "source", *POST_COUNTERS)
            assert {name: truth[name] for name in same} == {name: row[name] for name in same}
        for point in body["daily_series"]:
            truth = days.pop((account, point["date"]))
            assert truth == {"account_id": account, **point}
        demographics = body["demographics"] or {}
        for dimension in ("age", "gender", "country", "city"):
            for bucket in demographics.get(dimension, []):
                key = (account, demographics["captured_at"], dimension, bucket["key"])
                assert shares.pop(key)["value"] == bucket["value"]
        assert body["derived_stats"]["tracked_posts"] == len(body["posts"])
    assert not posts
    assert not days
    assert not shares


def test_raw_snapshots_are_the_truth_and_hold_what_the_drilldown_shows(served):
    accounts = by(served.truth("account_raw_snapshots"), "snapshot_id")
    posts = by(served.truth("post_raw_snapshots"), "snapshot_id")
    for account in analysed(served):
        body = served.json(f"/analytics/accounts/{account}")
        rows = all_raw(served, f"/analytics/accounts/{account}/raw")
        assert body["latest"].items() <= rows[0].items()
        for row in rows:
            truth = accounts.pop((row["id"],))
            assert truth["raw"] == row["raw"]
            assert truth["account_id"] == row["account_id"]
            assert truth["captured_at"] == row["captured_at"]
            assert truth["reach"] == row["reach"]
        for post in body["posts"]:
            rows = all_raw(served, f"/analytics/posts/{post['tracked_post_id']}/raw")
            measured = {name: post[name] for name in ("captured_at", "source", *POST_COUNTERS)}
            assert measured.items() <= rows[0].items()
            for row in rows:
                truth = posts.pop((row["id"],))
                assert truth["raw"] == row["raw"]
                assert truth["account_id"] == row["account_id"]
                assert {n: truth[n] for n in POST_COUNTERS} == {n: row[n] for n in POST_COUNTERS}
    assert not accounts
    assert not posts


def test_comments_are_the_truth(served):
    truth = by(served.truth("comments"), "comment_id")
    for post in served.truth("tracked_posts"):
        path = f"/analytics/accounts/{post['account_id']}/comments"
        rows = served.json(path, trackedPostId=post["tracked_post_id"], limit=50)["data"]
        assert len(rows) == min(post["comments"] or 0, 50)
        for row in rows:
            expected = truth.pop((row["id"],))
            assert expected["listing_truncated"] == (len(rows) == 50)
            assert row["published_at"] <= post["captured_at"]
            assert {**row, "comment_id": row["id"]}.items() >= {
                name: value
                for name, value in expected.items()
                if name not in ("account_id", "listing_truncated")
            }.items()
    assert not truth


def test_the_older_list_shows_the_same_posts(served):
    account = served.account_id("giant")
    drilldown = by(served.json(f"/analytics/accounts/{account}")["posts"], "tracked_post_id")

    rows = listed(served, f"/accounts/{account}/analytics/videos", sort_by="views")

    assert [row["views"] for row in rows] == sorted((r["views"] for r in rows), reverse=True)
    assert by([row["analytics_v2"] for row in rows], "tracked_post_id") == drilldown
    for row in rows:
        assert row["scraped_at"] == row["analytics_v2"]["captured_at"]


def test_the_older_totals_are_the_newest_snapshot(served):
    account = served.account_id("busy")
    body = served.json(f"/accounts/{account}/analytics")["data"]

    latest = served.json(f"/analytics/accounts/{account}")["latest"]
    assert body["analytics_version"] == "v2"
    assert body["analytics_v2"]["latest"] == latest
    assert body["total_views"] == latest["views"]
    assert body["scraped_at"] == latest["captured_at"]


def test_more_than_a_hundred_per_page_gives_a_hundred(launch):
    sandbox = launch(Settings(accounts=1, posts=120, rate=10_000))
    account = sandbox.accounts()[0]["id"]

    body = sandbox.json(f"/accounts/{account}/analytics/videos", per_page=1000)

    assert len(body["data"]) == body["pagination"]["per_page"] == 100
    assert body["pagination"]["total_pages"] == 2


def test_dashboard_totals_are_the_sums(served):
    totals = served.json("/analytics")["totals"]

    (truth,) = served.truth("portfolio")
    assert totals.items() <= truth.items()
    assert totals["account_count"] == SMALL.accounts
    assert totals["tracked_posts"] == SMALL.posts
    posts = served.truth("tracked_posts")
    assert totals["post_views"] == sum(row["views"] or 0 for row in posts)
    one = served.json("/analytics", account=served.account_id("giant"))
    assert one["totals"]["account_count"] == 1


@pytest.mark.parametrize("metric", ["views", "likes", "comments", "shares", "followers"])
def test_series_serve_the_same_figures_as_the_drilldown(served, metric):
    account = served.account_id("giant")
    points = served.json(f"/analytics/accounts/{account}")["daily_series"]
    days = {point["date"]: point[metric] for point in points}
    asked = {"account": account, "metric": metric, "from": min(days), "to": max(days)}

    def series(**more: str) -> dict[str, int | None]:
        body = served.json("/analytics/series", **asked, **more)
        return {point["date"]: point["value"] for point in body["points"]}

    gained = series(mode="gained")
    dates = sorted(days)
    assert series() == days
    assert [gained[d] for d in dates[1:]] == [
        days[later] - days[day] for day, later in pairwise(dates)
    ]
    for monday, value in series(granularity="week").items():
        week = [d for d in dates if monday_of(d) == monday]
        assert value == days[week[-1]]
    assert sum(v or 0 for v in series(mode="gained", granularity="week").values()) == sum(
        v or 0 for v in gained.values()
    )


def test_a_series_of_several_accounts_is_their_sum(served):
    one, other = served.account_id("giant"), served.account_id("busy")

    def values(*accounts: str) -> list[int]:
        body = served.json("/analytics/series", account=list(accounts))
        return [point["value"] for point in body["points"]]

    pairs = zip(values(one), values(other), strict=True)
    assert values(one, other) == [a + b for a, b in pairs]


def test_raw_windows_are_inclusive_and_newest_first(served):
    path = f"/analytics/accounts/{served.account_id('hourly')}/raw"
    rows = served.json(path, limit=30)["data"]
    captured = [row["captured_at"] for row in rows]

    window = {"from": captured[9], "to": captured[3]}
    assert captured == sorted(captured, reverse=True)
    assert [r["captured_at"] for r in served.json(path, limit=30, **window)["data"]] == (
        captured[3:10]
    )
    assert len(served.json(path)["data"]) == 5
    day = served.json(path, limit=30, **{"from": "2026-05-27", "to": "2026-05-27"})["data"]
    assert len(day) == 24, "a bare date is its whole day"


def test_the_contract_says_what_the_key_may_do(served):
    body = served.get("/analytics/contract", key="sk_sandbox_creator").json()

    (truth,) = served.truth("contract", tier="creator")
    assert (body["name"], body["version"]) == (truth["name"], truth["version"])
    assert body["access"]["level"] == truth["access_level"] == "creator"


@pytest.mark.parametrize("tier", ["creator", "starter"])
def test_truth_of_lower_plans_is_what_they_can_reach(served, tier):
    posts = by(served.truth("tracked_posts", tier), "tracked_post_id")
    for account in analysed(served):
        body = served.get(f"/analytics/accounts/{account}", key=f"sk_sandbox_{tier}").json()
        for row in body["posts"]:
            truth = posts.pop((row["tracked_post_id"],))
            same = {name: truth[name] for name in POST_COUNTERS}
            assert same == {name: row.get(name) for name in POST_COUNTERS}

    assert not posts
    for table in ("account_raw_snapshots", "post_raw_snapshots", "comments", "demographics"):
        assert served.truth(table, tier) == []


def monday_of(date: str) -> str:
    year, week, _ = datetime.fromisoformat(date).isocalendar()
    return datetime.fromisocalendar(year, week, 1).strftime("%Y-%m-%d")
