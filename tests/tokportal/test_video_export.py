"""The CSV export as a table, and as the way to the posts where the drilldown is refused."""

import json

import pytest

from sources.extraction.work import Work
from sources.landing.batch import Batch
from sources.landing.held import NothingHeld
from sources.landing.outcomes import SYNC_REJECTS
from sources.tokportal import TABLES, Scope, connect
from sources.tokportal.agency_tables import VIDEO_EXPORT
from sources.tokportal.export import land_export

COLUMNS = (
    *("post_key", "account_id", "account", "platform", "country", "platform_post_id", "url"),
    *("caption", "published_at", "content_type", "views", "likes", "comments", "shares"),
    *("bookmarks", "engagement_rate_reported", "captured_at"),
)
EXPORT = "GET /analytics/export/videos"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=60, days=5)


def truth(sandbox, tier="full"):
    rows = sandbox.control("GET", f"/truth/video_export?tier={tier}")
    names = {"post_key": "tracked_post_id", "engagement_rate_reported": "engagement_rate"}
    return sorted(repr([row[names.get(c, c)] for c in COLUMNS]) for row in rows)


def held(project):
    def plain(value):
        return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value

    rows = project.query(f"select {', '.join(COLUMNS)} from video_export")
    return sorted(repr([plain(value) for value in row]) for row in rows)


def test_export_equals_the_truth_now_and_a_day_later(sandbox, new_project):
    """Asked by name only, once a day, one request; BOM and CRLF are read away."""
    project = new_project(sandbox)
    select = ("-s", "tokportal.video_export,tokportal.accounts")
    assert project.sync(*select).code == 0
    assert held(project) == truth(sandbox)

    sandbox.advance(hours=23)
    sandbox.count_anew()
    assert project.sync(*select).code == 0
    assert EXPORT not in sandbox.requests()["by_route"]

    sandbox.advance(hours=1)
    assert project.sync(*select).code == 0
    assert sandbox.requests()["by_route"][EXPORT] == 1
    assert held(project) == truth(sandbox)
    assert project.query("select count(distinct _dlt_load_id) > 1 from video_export") == [(True,)]


def test_values_that_are_none_and_rows_without_a_name_are_rejected():
    """`1.2K` is no number: its row is kept as text, the rest of the sheet lands."""
    scope = Scope(connect("sk_none", "http://127.0.0.1:9"), "run")
    batch = Batch("default", "run", TABLES)
    scope.open_gates("full", batch)
    sheet = (
        "\ufeffTracked Post Id,Caption,VIEWS,new column\r\n"
        'p1,"two\nlines, ""quoted""",12,x\r\np2,,1.2K,x\r\n,no name,3,x\r\np4,short\r\n'
    )
    scope.streams |= {"video_export"}
    land_export(Work(None, scope, {}, lambda *_: None), sheet, batch, NothingHeld())

    (row,) = batch.rows(VIDEO_EXPORT)
    reasons = [reject["reason"] for reject in batch.rows(SYNC_REJECTS)]
    assert (row["post_key"], row["caption"], row["views"]) == ("p1", 'two\nlines, "quoted"', 12)
    assert json.loads(row["payload"])["new column"] == "x"
    assert [reason.split(":")[0] for reason in reasons] == [
        *("views", "post_key", "2 cells under 4 headings")
    ]


@pytest.mark.slow
def test_json_where_csv_was_asked_is_no_export(sandbox, new_project):
    """The content type is looked at first: an error under status 200 is not an empty export."""
    project = new_project(sandbox)
    sandbox.fault("error_200", "/analytics/export/videos", times=None)
    ran = project.sync("-s", "tokportal.video_export")
    sandbox.clear_faults()

    assert ran.code == 3
    assert "text/csv" in ran.result["errors"][0]["message"]
    assert project.query("select count(*) from video_export") == [(0,)]


@pytest.mark.slow
def test_export_fills_the_posts_where_the_drilldown_is_refused(sandbox, new_project):
    """The plan has the CSV and nothing else of an account: its posts come by the export."""
    project = new_project(sandbox)
    refused = {"status": 403, "code": "PLAN_UPGRADE_REQUIRED", "times": None}
    sandbox.fault("status", "/analytics/accounts/[^/]+", **refused)
    sandbox.fault("status", "/accounts/[^/]+/analytics(/videos)?", **refused)
    project.sync()  # learns it
    ran = project.sync()
    sandbox.clear_faults()

    rows = sandbox.control("GET", "/truth/video_export")
    expected = {(r["tracked_post_id"], r["account_id"], r["views"], r["video_id"]) for r in rows}
    posts = project.query("select tracked_post_id, account_id, views, video_id from tracked_posts")
    assert ran.code == 0
    assert set(posts) == expected
    assert project.query("select count(*) from post_snapshots") == [(len(posts),)]
