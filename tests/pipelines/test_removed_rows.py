"""Rows that a complete listing lacks are removed, by one rule; what it does not prove stays."""

from __future__ import annotations

from typing import Any

import pytest

import sources
from sources.landing.tables import Table

SELECT = ("-s", "tokportal.accounts,tokportal.drilldown,tokportal.bundles,tokportal.bundle_videos")

# Data tables that no complete listing is read of, and why nothing of them is ever removed.
NEVER_LISTED = {
    "tokportal.account_raw_snapshots": "history: stored payloads",
    "tokportal.post_raw_snapshots": "history: stored payloads",
    "tokportal.credit_transactions": "history: bookings, asked from a day on",
    "tokportal.webhook_deliveries": "history: asked until nothing is new",
    "tokportal.contracts": "versions that were met",
    "tokportal.video_export": "its columns, and so its keys, depend on the plan",
    "tokportal.clients": "derived from references",
    "tokfluence.posts": "asked one by one; `missing_posts` says what is not found",
    "tokfluence.campaigns": "those that are configured",
    "tokfluence.creators": "those that are configured or met in campaigns",
}


def data_tables() -> list[tuple[str, Table]]:
    return [
        (f"{provider}.{table.name}", table)
        for provider in sources.names()
        for table in sources.get(provider).DATA_TABLES
    ]


@pytest.mark.parametrize(("name", "table"), data_tables())
def test_every_table_says_whether_its_rows_can_be_removed(name: str, table: Table) -> None:
    """Listed tables have `removed_at`; others are observations by time, or named above."""
    by_time = {"captured_at", "fetched_at", "fetched_on", "date"} & set(table.key)

    assert table.listed == ("removed_at" in table.by_name)
    assert table.listed or by_time or name in NEVER_LISTED
    assert not (table.listed and name in NEVER_LISTED)
    assert table.goes_with is None or (table.listed and table.goes_with in table.by_name)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=24, days=10)


@pytest.fixture(scope="module")
def removed(sandbox, project):
    """An account leaves with its bundle, stays away for two listings, and returns.

    Gives the account, the bundle, and what was marked removed after each of the four syncs.
    """
    account = sandbox.account("public")
    assert project.sync(*SELECT).code == 0
    (bundle,) = project.query(
        "select bundle_id from bundles where account_id = $1 and bundle_type <> 'videos_only'",
        account,
    )
    sandbox.edit("remove_account", id=account)
    sandbox.edit("remove_bundle", id=bundle[0])
    told = [synced(sandbox, project), synced(sandbox, project)]
    sandbox.edit("restore_account", id=account)
    sandbox.edit("restore_bundle", id=bundle[0])
    told.append(synced(sandbox, project))
    return account, bundle[0], told


def synced(sandbox: Any, project: Any) -> tuple[int, dict[str, set[str]], int]:
    sandbox.advance(hours=2)
    code = project.sync(*SELECT, SYNC__BATCH_ROWS="20").code
    gone = {
        table: {key for (key,) in project.query(f"select {key} from {table} where {GONE}")}
        for table, key in OWNERS.items()
    }
    return code, gone, project.social("verify").code


GONE = "removed_at is not null"
OWNERS = {
    "accounts": "account_id",
    "tracked_posts": "account_id",
    "bundles": "bundle_id",
    "bundle_videos": "bundle_id",
}


def test_posts_leave_and_return_with_their_account(removed):
    """After two listings without it, and at once when it is listed again."""
    account, _, told = removed

    assert [code for code, _, _ in told] == [0, 0, 0]
    assert [gone["accounts"] for _, gone, _ in told] == [set(), {account}, set()]
    assert [gone["tracked_posts"] for _, gone, _ in told] == [set(), {account}, set()]


def test_videos_leave_and_return_with_their_bundle(removed):
    """One complete listing without the bundle is enough."""
    _, bundle, told = removed

    assert [gone["bundles"] for _, gone, _ in told] == [{bundle}, {bundle}, set()]
    assert [gone["bundle_videos"] for _, gone, _ in told] == [{bundle}, {bundle}, set()]


def test_verify_finds_nothing_wrong_with_removed_rows(removed):
    assert [code for _, _, code in removed[2]] == [0, 0, 0]


FLAWS = {
    "no id": {"pointer": "data.1.id", "json": "null"},
    "an id with a fraction": {"pointer": "data.1.id", "json": "12.5"},
    "an unreadable row": {"pointer": "data.1.created_at", "json": '"yesterday"'},
    "an unreadable total": {"pointer": "pagination.total", "json": '"many"'},
    "another total": {"pointer": "pagination.total", "json": "5"},
}


@pytest.fixture(scope="module")
def flawed(sandbox, removed, new_project):
    """An account leaves; two listings with each flaw, then two that are right.

    The limit on shrinking would hide a wrong removal, so it is lifted. Gives the account, and per
    flaw the exit codes, the proofs and how many accounts are removed.
    """
    project = new_project(sandbox, SOURCES__TOKPORTAL__SHRINK_LIMIT="1")
    select = ("-s", "tokportal.accounts")
    assert project.sync(*select).code == 0
    gone = sandbox.account("busy")
    sandbox.edit("remove_account", id=gone)
    told = {}
    for flaw, patch in {**FLAWS, "none": None}.items():
        if patch:
            sandbox.fault("patch", "/accounts", patches=[patch])
        ran = [project.sync(*select) for _ in range(2)]
        sandbox.clear_faults()
        told[flaw] = (
            {each.code for each in ran},
            {status for each in ran for status in proofs(project, each)},
            project.query(f"select account_id from accounts where {GONE}"),
        )
    sandbox.edit("restore_account", id=gone)
    return gone, told


def proofs(project: Any, ran: Any) -> set[str]:
    sql = "select status from sync_completeness where stream = 'accounts' and run_id = $1"
    return {status for (status,) in project.query(sql, ran.result["run_id"])}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_listing_with_something_unreadable_proves_no_absence(flawed, flaw):
    """Nobody is removed and nothing is proven; a row that cannot be read is exit 3."""
    codes, said, gone = flawed[1][flaw]

    assert gone == []
    assert said == {"moved_during_read" if flaw == "another total" else "unproven"}
    assert codes == ({0} if flaw == "an unreadable total" else {3})


def test_two_right_listings_then_remove_the_account(flawed):
    gone, told = flawed

    assert told["none"] == ({0}, {"proven"}, [(gone,)])


def test_a_bundle_list_with_a_nameless_row_removes_no_bundle(sandbox, removed, project):
    """By the same rule as accounts; and the bundles are asked again at the next run."""
    sandbox.advance(hours=2)
    bundles = sandbox.get("/bundles", per_page=100)["data"]
    sandbox.edit("remove_bundle", id=bundles[-1]["id"])
    sandbox.fault("patch", "/bundles", patches=[{"pointer": "data.0.id", "drop": True}])

    ran = project.sync(*SELECT)

    sandbox.clear_faults()
    assert ran.code == 3
    assert project.query(f"select count(*) from bundles where {GONE}") == [(0,)]
    assert project.sync(*SELECT).code == 0
    assert project.query(f"select bundle_id from bundles where {GONE}") == [(bundles[-1]["id"],)]
    sandbox.edit("restore_bundle", id=bundles[-1]["id"])


def test_comments_that_are_not_served_any_more_are_removed(new_sandbox, new_project):
    """Of a post with fewer than 50; those of a post with 50 may only have been pushed out."""
    sandbox = new_sandbox(accounts=2, posts=30, days=20)
    project = new_project(sandbox)
    select = ("-s", "tokportal.accounts,tokportal.drilldown,tokportal.comments")
    assert project.sync(*select).code == 0
    sandbox.advance(days=1)
    counted = project.query(
        "select tracked_post_id, count(*), min(comment_id) from comments group by 1"
    )
    for _, _, comment in counted:
        sandbox.edit("delete_comment", id=comment)

    assert project.sync(*select).code == 0

    full = {post for post, rows, _ in counted if rows >= 50}
    gone = project.query("select tracked_post_id, comment_id from comments where " + GONE)
    served = {row["comment_id"] for row in sandbox.control("GET", "/truth/comments")}
    assert gone, "no comment was asked again: the test shows nothing"
    assert {comment for _, comment in gone} <= {comment for _, _, comment in counted}
    assert not {comment for _, comment in gone} & served
    assert not {post for post, _ in gone} & full


def test_an_empty_page_of_a_post_with_comments_removes_none(sandbox, new_project):
    """The provider serves them from a cache, which may not be filled."""
    project = new_project(sandbox)
    select = ("-s", "tokportal.accounts,tokportal.drilldown,tokportal.comments")
    assert project.sync(*select).code == 0
    sandbox.advance(days=1)
    sandbox.fault("empty_rows", "/analytics/accounts/[^/]*/comments")

    project.sync(*select)

    sandbox.clear_faults()
    assert project.query(f"select count(*) from comments where {GONE}") == [(0,)]


def test_a_drilldown_without_its_posts_removes_none(sandbox, new_project):
    """No list of posts is no empty list of posts."""
    project = new_project(sandbox)
    select = ("-s", "tokportal.accounts,tokportal.drilldown")
    assert project.sync(*select).code == 0
    patches = [
        {"pointer": name, "json": value}
        for name, value in (("posts", "null"), ("derived_stats", "null"), ("latest", "null"))
    ]
    sandbox.fault("patch", "/analytics/accounts/[^/]*", patches=patches)
    sandbox.fault("status", "/accounts/[^/]*/analytics/videos", status=403, code="PLAN_REQUIRED")

    project.sync(*select)

    sandbox.clear_faults()
    assert project.query(f"select count(*) from tracked_posts where {GONE}") == [(0,)]


def test_nothing_is_proven_that_the_plan_does_not_show(sandbox, new_project):
    """A Starter key: streams that were not asked are `not_in_plan`."""
    project = new_project(sandbox, tier="starter")

    assert project.sync().code == 0

    states = project.query("select stream, status, expected, landed from sync_completeness")
    left_out = {row for row in states if row[0] in ("daily_series", "comments")}
    assert left_out == {
        ("daily_series", "not_in_plan", None, None),
        ("comments", "not_in_plan", None, None),
    }
