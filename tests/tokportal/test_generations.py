"""Accounts of the first API generation, keys without a drilldown, both dialects: one history."""

import duckdb
import pytest

LEDGERS = ("sync_", "_dlt")
OURS = ("payload", "fetched_at", "_dlt_load_id", "first_seen_at", "last_seen_at", "raw")


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=120, v1_accounts=3)


def first_generation(sandbox):
    """An account with posts that is still served in the v1 shape."""
    for account_id in (account["id"] for account in sandbox.get("/accounts")["data"]):
        totals = sandbox.get(f"/accounts/{account_id}/analytics").get("data", {})
        if totals and "analytics_version" not in totals and totals["total_videos_tracked"] > 1:
            return account_id
    raise AssertionError("no account of the first generation in this world")


@pytest.fixture(scope="module")
def moved(new_project, sandbox):
    """A project synced before and after an account moved from v1 to v2, and what it held then."""
    project, account_id = new_project(sandbox), first_generation(sandbox)
    posts = "select legacy_id, tracked_post_id, url from tracked_posts where account_id = ?"
    seen = "select url, p.captured_at from post_snapshots p"
    seen += " join tracked_posts t using (tracked_post_id) where t.account_id = ?"
    runs = [project.sync()]
    before = project.query(posts, account_id), set(project.query(seen, account_id))
    sandbox.edit("move_to_v2", account_id=account_id)
    sandbox.advance(days=1)
    runs.append(project.sync())
    after = project.query(posts, account_id), set(project.query(seen, account_id))
    return project, account_id, runs, before, after


def test_v1_posts_land_in_the_same_tables(moved):
    """Ids like va_001 are the posts' ids until there are others, and are kept as legacy ids."""
    _, _, runs, (posts, snapshots), _ = moved

    assert runs[0].code == 0
    assert posts
    assert all(legacy == tracked and legacy.startswith("va_") for legacy, tracked, _ in posts)
    assert {url for url, _ in snapshots} == {url for _, _, url in posts}


def test_a_move_to_v2_duplicates_no_post(moved):
    """The v2 row takes over the v1 row: one row per video, with both ids."""
    project, account_id, runs, (before, _), (after, _) = moved
    videos = project.query(
        "select count(*), count(distinct url) from tracked_posts where account_id = ?", account_id
    )

    assert runs[1].code == 0
    assert {(legacy, url) for legacy, _, url in before} <= {
        (legacy, url) for legacy, _, url in after
    }
    assert all(not tracked.startswith("va_") for _, tracked, _ in after)
    assert videos[0][0] == videos[0][1]


def test_a_move_to_v2_leaves_no_gap_in_the_snapshots(moved):
    """Every observation of the first generation stands under the post's new id."""
    project, _, _, (_, before), (_, after) = moved
    orphans = project.query(
        "select count(*) from post_snapshots anti join tracked_posts using (tracked_post_id)"
    )

    assert before <= after
    assert orphans == [(0,)]


def test_a_run_after_the_move_writes_nothing(moved):
    """The move is over when it is over."""
    project, *_ = moved

    assert project.sync().result["providers"]["tokportal"]["written"] == {}


@pytest.mark.slow
def test_an_idle_sync_asks_one_request_of_a_v1_account(new_project, sandbox):
    """Its totals say that nothing was scraped since; the video list is not asked again."""
    project = new_project(sandbox)
    project.sync()

    ran = project.sync()
    asked = ran.result["providers"]["tokportal"]["requests_by_endpoint"]

    assert asked.get("/accounts/{id}/analytics/videos", 0) == 0
    assert sum(asked.values()) <= 8 + 6


@pytest.mark.slow
def test_without_a_drilldown_the_video_list_is_the_route(new_project, sandbox):
    """A plan that refuses the drilldown still fills accounts and posts, and says so once."""
    project = new_project(sandbox)
    sandbox.fault("status", "/analytics/accounts/[^/]+", status=403, code="PLAN_UPGRADE_REQUIRED")
    try:
        ran = project.sync()
    finally:
        sandbox.clear_faults()
    listed = sum(
        sandbox.get(f"/accounts/{a}/analytics/videos").get("pagination", {"total": 0})["total"]
        for a in (account["id"] for account in sandbox.get("/accounts")["data"])
    )

    assert ran.code == 0
    assert project.query("select count(*) from tracked_posts") == [(listed,)]
    assert [s["stream"] for s in ran.result["skipped"] if s["reason"] == "not_in_plan"].count(
        "drilldown"
    ) <= 1
    assert project.query("select count(*) from sync_skips where stream = 'drilldown'")[0][0] > 0


def canonical(path):
    """Every data table without what differs by nature: payloads, and when it was read."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        tables = connection.execute(
            "select table_name, list(column_name order by column_name) from duckdb_columns()"
            " where schema_name = 'tokportal' group by 1"
        ).fetchall()
        return {
            name: sorted(
                map(
                    repr,
                    connection.execute(
                        f"select {_compared(columns)} from tokportal.{name}"
                    ).fetchall(),
                )
            )
            for name, columns in tables
            if not name.startswith(LEDGERS)
        }


def _compared(columns):
    return ", ".join(f'"{name}"' for name in columns if name not in OURS)


@pytest.mark.slow
def test_both_dialects_end_in_the_same_warehouse(new_project, new_sandbox):
    """Other names, envelopes, orders, bounds, number and time formats: the same rows."""
    dumps = []
    for dialect in ("first", "later"):
        sandbox = new_sandbox(accounts=8, posts=120, v1_accounts=2, dialect=dialect)
        project = new_project(sandbox)
        codes = [project.sync().code]
        sandbox.advance(days=1)
        codes.append(project.sync().code)
        assert codes == [0, 0]
        dumps.append(canonical(project.warehouse))

    different = {name for name in dumps[0] if dumps[0][name] != dumps[1].get(name)}

    assert different == set()
    assert all(dumps[0][name] for name in ("tracked_posts", "post_raw_snapshots", "comments"))
