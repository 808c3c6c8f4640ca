"""The two dialects say the same in different words: read tolerantly, both are the truth."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sandbox_client import SMALL, Client

Row = dict[str, Any]

# Later names of the same thing, by the page of the API.
ALIASES = {
    "account_id": ("id", "saved_account_id"),
    "username": ("handle",),
    "display_name": ("visible_name",),
    "workspace_id": ("workspace",),
    "captured_at": ("snapshot_at", "scraped_at", "created_at"),
    "followers": ("followers_count",),
    "following": ("following_count",),
    "views": ("total_views",),
    "bookmarks": ("saves",),
    "posts_tracked": ("posts_count", "total_videos_tracked"),
    "tracked_post_id": ("id",),
    "platform_post_id": ("provider_post_id",),
    "url": ("permalink",),
    "caption": ("description",),
    "published_at": ("posted_at", "created_at"),
    "duration_seconds": ("duration",),
    "engagement_rate_reported": ("engagement_rate",),
    "snapshot_id": ("id",),
    "comment_id": ("id",),
    "parent_comment_id": ("parent_id",),
    "text": ("content",),
    "likes": ("like_count",),
    "reply_count": ("replies_count",),
    "bundle_id": ("id",),
    "bundle_type": ("type",),
    "date": ("captured_on",),
}
WHOLE = {"shares", "bookmarks", "likes", "posts_tracked"}


def read(row: Row, name: str) -> Any:
    """A value by its first or a later name, beside the rest or under `metrics`."""
    flat = {**row, **row.get("metrics", {})}
    if "author" in row:
        flat["author_username"] = row["author"]["username"]
    value = next((flat[one] for one in (name, *ALIASES.get(name, ())) if one in flat), None)
    if name in WHOLE and isinstance(value, str):
        return int(value)
    return moment(value) if name.endswith("_at") else value


def moment(value: Any) -> str | None:
    """A time in any spelling, as the truth spells it."""
    if value is None:
        return None
    if isinstance(value, int):
        found = datetime.fromtimestamp(value / 1000, UTC)
    else:
        found = datetime.fromisoformat(value).astimezone(UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


def payload(body: Row) -> Any:
    """What an answer holds: under `data`, or at the top."""
    return body.get("data", body)


def rows(body: Row) -> list[Row]:
    """Rows under `data`, or one level deeper."""
    found = payload(body)
    if isinstance(found, list):
        return found
    names = ("snapshots", "comments", "points", "posts", "rows")
    return next(found[name] for name in names if name in found)


def same(row: Row, truth: Row, *without: str) -> None:
    said = {name: read(row, name) for name in truth if name not in without}
    assert said == {name: value for name, value in truth.items() if name not in without}


@pytest.fixture(scope="module", params=["first", "later"])
def box(request) -> Iterator[Client]:
    client = Client(replace(SMALL, dialect=request.param))
    yield client
    client.close()


def test_the_truth_does_not_depend_on_the_dialect(box, served):
    for table in served.control("GET", "/truth"):
        assert box.truth(table) == served.truth(table), table


def test_dashboard_and_drilldown_are_the_truth(box):
    accounts = {row["account_id"]: row for row in box.truth("accounts")}
    posts = {row["tracked_post_id"]: row for row in box.truth("tracked_posts")}
    days = {(r["account_id"], r["date"]): dict(r) for r in box.truth("daily_series")}
    newest = {(r["account_id"], r["captured_at"]): r for r in box.truth("account_snapshots")}
    known = (
        "profile_url",
        "banned",
        "created_at",
        "updated_at",
        "analytics_source",
        "external_ref",
    )
    for header in payload(box.json("/analytics"))["accounts"]:
        account_id = read(header, "account_id")
        same(header, accounts[account_id], *known)
        if header["latest"] is None:
            continue
        body = payload(box.json(f"/analytics/accounts/{account_id}"))
        same(body["account"], accounts[account_id], *known)
        truth = newest[account_id, read(body["latest"], "captured_at")]
        same(body["latest"], truth, "account_id")
        for row in body["posts"]:
            truth = posts.pop(read(row, "tracked_post_id"))
            same(row, truth, "account_id", "legacy_id")
        for point in body["daily_series"]:
            day = days[account_id, read(point, "date")]
            if "metric" in point:
                assert day.pop(point["metric"]) == point["value"]
            else:
                same(point, day, "account_id")
    assert not posts


def test_raw_rows_are_the_truth_and_raw_itself_is_verbatim(box):
    account = box.truth("accounts")[5]["account_id"]
    truth = {r["snapshot_id"]: r for r in box.truth("account_raw_snapshots", account_id=account)}
    found = rows(box.json(f"/analytics/accounts/{account}/raw", limit=30))
    for row in found:
        same(row, truth[read(row, "snapshot_id")])
    stamps = [read(row, "captured_at") for row in found]
    newest = sorted((row["captured_at"] for row in truth.values()), reverse=True)
    assert sorted(stamps, reverse=True) == newest[:30]
    post = box.truth("tracked_posts", account_id=account)[0]["tracked_post_id"]
    truth = {r["snapshot_id"]: r for r in box.truth("post_raw_snapshots", account_id=account)}
    for row in rows(box.json(f"/analytics/posts/{post}/raw", limit=30)):
        same(row, truth[read(row, "snapshot_id")])


def test_comments_and_pulse_are_the_truth(box):
    truth = {row["comment_id"]: row for row in box.truth("comments")}
    commented = next(row for row in truth.values())
    path = f"/analytics/accounts/{commented['account_id']}/comments"
    found = rows(box.json(path, trackedPostId=commented["tracked_post_id"], limit=50))
    assert found
    for row in found:
        same(row, truth[read(row, "comment_id")], "account_id", "listing_truncated")
    (pulse,) = box.truth("comment_pulse")
    body = payload(box.json("/analytics/comments"))
    assert [read(row, "comment_id") for row in body["comments"]] == pulse["comment_ids"]
    assert body["analysis"] == pulse["analysis"]


@pytest.mark.parametrize("granularity", ["day", "week"])
@pytest.mark.parametrize("mode", ["cumulative", "gained", "snapshot"])
def test_series_are_the_truth(box, granularity, mode):
    asked = {"granularity": granularity, "mode": mode}
    account = box.truth("accounts")[7]["account_id"]
    truth = box.truth("series_points", account_id=account, **asked)
    window = {"from": "2026-01-01", "to": "2026-05-28"}

    found = [
        (metric, row["date"], row["value"])
        for metric in ("views", "likes", "comments", "shares", "followers")
        for row in rows(
            box.json("/analytics/series", metric=metric, account=account, **asked, **window)
        )
    ]

    assert found == [(row["metric"], row["date"], row["value"]) for row in truth]
    assert found


def test_insights_are_the_truth(box):
    for truth in box.truth("account_insights"):
        body = payload(box.json(f"/analytics/accounts/{truth['account_id']}"))
        assert body["derived_stats"] == truth["derived_stats"]
        assert body["intelligence"] == truth["intelligence"]


def test_the_agency_is_the_truth(box):
    truth = {row["bundle_id"]: row for row in box.truth("bundles")}
    for row in box.pages("/bundles"):
        expected = truth.pop(row["id"])
        same({**row, "account_id": row["saved_account_id"]}, expected)
    assert not truth
    balance = payload(box.json("/credits/balance"))
    newest = box.truth("credit_transactions")[0]["balance_after"]
    assert newest in (balance.get("total_credits"), balance.get("credits"))


def test_the_later_dialect_spells_times_every_way_and_adds_fields(launch):
    later = launch(replace(SMALL, dialect="later"))

    text = later.get("/accounts").text + later.get("/bundles").text
    giant = later.truth("accounts")[0]["account_id"]
    posts = payload(later.json(f"/analytics/accounts/{giant}"))["posts"]

    assert "+00:00" in text
    assert "+02:00" in text
    assert "hook_score" in text
    assert {type(row["posted_at"]) for row in posts} == {int, str}
    assert isinstance(posts[0]["metrics"]["saves"], str)


def test_raw_windows_exclude_their_bounds_in_the_later_dialect(launch):
    later = launch(replace(SMALL, dialect="later"))
    account = later.truth("accounts")[5]["account_id"]
    path = f"/analytics/accounts/{account}/raw"
    stamps = [read(row, "captured_at") for row in rows(later.json(path, limit=30))]

    window = {"from": stamps[0], "to": stamps[-1]}

    inside = [read(row, "captured_at") for row in rows(later.json(path, limit=30, **window))]
    assert inside == stamps[1:-1] == sorted(inside)
