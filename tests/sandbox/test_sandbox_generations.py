"""Both generations of the analytics API, and the move from the older to the newer."""

from dataclasses import replace

import pytest
from sandbox_client import SMALL, Client

OLDER_ACCOUNT = {
    *("account_id", "followers_count", "following_count", "total_videos_tracked"),
    *("total_views", "total_likes", "total_comments", "total_shares", "total_bookmarks"),
    *("average_engagement_rate", "average_video_views", "weekly_post_average", "scraped_at"),
}
OLDER_VIDEO = {
    *("id", "video_id", "url", "description", "thumbnail_url", "upload_date"),
    *("duration_seconds", "views", "likes", "comments", "shares", "bookmarks"),
    *("engagement_rate", "platform", "content_type", "scraped_at"),
}


@pytest.fixture
def older(launch) -> Client:
    return launch(replace(SMALL, v1_accounts=2))


@pytest.fixture
def account(older) -> str:
    """The busy account: it is on v1."""
    found: str = older.truth("accounts")[7]["account_id"]
    return found


def test_the_older_shapes_are_those_published(older, account):
    totals = older.json(f"/accounts/{account}/analytics")["data"]
    rows = older.pages(f"/accounts/{account}/analytics/videos")

    assert totals.keys() == OLDER_ACCOUNT
    assert rows[0].keys() == OLDER_VIDEO
    assert all(row["id"].startswith("va_") for row in rows)
    assert totals["total_videos_tracked"] == len(rows)
    for row in rows:
        assert older.json(f"/videos/{row['id']}/analytics")["data"] == row


def test_the_newer_paths_know_nothing_of_it(older, account):
    for path in ("", "/raw", "/comments?trackedPostId=x"):
        answer = older.get(f"/analytics/accounts/{account}{path}")
        assert answer.json()["error"]["code"] == "ANALYTICS_NOT_FOUND"
    header = next(row for row in older.accounts() if row["id"] == account)
    assert (header["latest"], header["tracked_posts"]) == (None, 0)
    assert account in {row["id"] for row in older.pages("/accounts")}
    assert older.json("/analytics/series", account=account)["points"] == []
    assert account not in older.get("/analytics/export/videos").text


def test_the_truth_has_it_under_its_older_ids(older, account):
    rows = older.pages(f"/accounts/{account}/analytics/videos")
    truth = {
        row["tracked_post_id"]: row for row in older.truth("tracked_posts", account_id=account)
    }

    assert truth.keys() == {row["id"] for row in rows}
    for row in rows:
        expected = truth[row["id"]]
        assert expected["legacy_id"] == row["id"]
        assert expected["captured_at"] == row["scraped_at"]
        assert expected["views"] == row["views"]
    (snapshot,) = older.truth("account_snapshots", account_id=account)
    totals = older.json(f"/accounts/{account}/analytics")["data"]
    assert (
        snapshot["views"] == totals["total_views"] == sum(r["views"] or 0 for r in truth.values())
    )
    assert snapshot["captured_at"] == totals["scraped_at"]


def test_a_move_keeps_posts_urls_and_older_ids(older, account):
    before = {row["url"]: row for row in older.pages(f"/accounts/{account}/analytics/videos")}

    older.edit("move_to_v2", account_id=account)

    rows = older.pages(f"/accounts/{account}/analytics/videos")
    drilldown = older.json(f"/analytics/accounts/{account}")
    assert {row["url"]: row["id"] for row in rows} == {u: r["id"] for u, r in before.items()}
    assert {r["tracked_post_id"] for r in rows} == {
        r["tracked_post_id"] for r in drilldown["posts"]
    }
    assert not any(row["tracked_post_id"].startswith("va_") for row in rows)
    for row in rows:
        assert row["analytics_version"] == "v2"
        assert row["scraped_at"] == before[row["url"]]["scraped_at"]
        for one in (row["id"], row["tracked_post_id"]):
            assert older.json(f"/videos/{one}/analytics")["data"] == row
    truth = older.truth("tracked_posts", account_id=account)
    assert {(r["tracked_post_id"], r["legacy_id"]) for r in truth} == {
        (r["tracked_post_id"], r["id"]) for r in rows
    }


def test_posts_after_the_move_have_no_older_id(older, account):
    older.edit("move_to_v2", account_id=account)
    older.advance(hours=1)
    added = older.edit("add_post", account_id=account)["id"]

    assert older.json(f"/videos/{added}/analytics")["data"]["id"] == added


def test_a_video_is_found_by_no_other_id(served):
    post = next(row for row in served.truth("tracked_posts") if row["video_id"])

    assert served.json(f"/videos/{post['tracked_post_id']}/analytics")["data"]["views"] is not None
    for other in (post["video_id"], post["platform_post_id"], "va_001"):
        answer = served.get(f"/videos/{other}/analytics")
        assert answer.json()["error"]["code"] == "VIDEO_ANALYTICS_NOT_FOUND"


def test_no_account_is_older_unless_asked(served):
    assert all(row["legacy_id"] is None for row in served.truth("tracked_posts"))
