"""A row that cannot be read makes its stream partial, is named, holds its mark, and heals."""

from __future__ import annotations

from typing import Any

import pytest

RULE = "every row of the newest reading of each stream could be read"
RAW = "/analytics/posts/.*/raw"
COMMENTS = "/analytics/accounts/[^/]*/comments"


@pytest.fixture(scope="module", params=["first", "later"])
def sandbox(request, new_sandbox):
    return new_sandbox(accounts=2, posts=16, days=12, dialect=request.param)


@pytest.fixture(scope="module")
def story(sandbox, project):
    """A first sync in small batches, in which the views of every post are an object, and the first
    raw snapshot and comment of each post have no id; then one that is served right."""
    patch(sandbox, "/analytics/accounts/[^/]*", "views", '{"n": 1}')
    spoilt = project.sync(SYNC__BATCH_ROWS="20")
    told = project.social("status", COLUMNS="200"), findings(project), newest(project, "drilldown")
    sandbox.clear_faults()
    for path, places in (
        (RAW, ("data.0.id", "data.snapshots.0.id")),
        (COMMENTS, ("data.0.id", "data.comments.0.comment_id")),
    ):
        for place in places:
            sandbox.fault("patch", path, patches=[{"pointer": place, "drop": True}])
    nameless = project.sync(SYNC__BATCH_ROWS="20")
    marks = project.query("select count(observed_at) from post_marks")
    sandbox.clear_faults()
    return spoilt, told, nameless, marks, project.sync(SYNC__BATCH_ROWS="20")


def patch(sandbox: Any, path: str, column: str, value: str) -> None:
    """Plant a value in a counter of posts, wherever the dialect has it."""
    for place in (f"posts.*.{column}", f"data.posts.*.metrics.{column}"):
        sandbox.fault("patch", path, patches=[{"pointer": place, "json": value}])


def findings(project: Any) -> tuple[int, list[str]]:
    ran = project.social("verify", "--json")
    return ran.code, [f["examples"] for f in ran.result["findings"] if f["rule"] == RULE]


def newest(project: Any, stream: str) -> list[tuple[Any, ...]]:
    return project.query(
        "select status, landed, rejected from (select *, row_number() over"
        " (partition by account_id order by fetched_at desc, run_id desc) as age"
        " from sync_completeness where stream = $1) c where age = 1 order by 1, 2, 3",
        stream,
    )


def test_rejected_rows_are_exit_3_and_the_last_line_names_them(story):
    """Table, column, reason and count; nothing of the reading is proven."""
    spoilt, (_, _, rows), *_ = story
    (error,) = [e for e in spoilt.result["errors"] if "tracked_posts" in e["message"]]
    words = f"{sum(count for *_, count in rows)} rows of tracked_posts rejected, views: an object"

    assert (spoilt.code, error["code"]) == (3, "rejected")
    assert words in error["message"]
    assert words in spoilt.messages[-1]
    assert {(state, landed) for state, landed, _ in rows} == {("unproven", 0)}


def test_status_and_verify_break_while_the_newest_reading_has_rejects(story):
    """Exit 8 of both, with stream, table and column."""
    _, (status, (broken, examples), _), *_ = story

    assert (status.code, broken) == (8, 8)
    assert "drilldown" in status.stdout
    assert "tracked_posts.views" in status.stdout
    assert "tracked_posts.views" in str(examples)


def test_rows_without_the_id_that_the_provider_gives_hold_their_marks(story):
    """Nothing is stored under an invented id, and no mark moves past them."""
    *_, nameless, marks, _ = story
    said = " ".join(error["message"] for error in nameless.result["errors"])

    assert nameless.code == 3
    assert "post_raw_snapshots rejected, snapshot_id: the key is missing" in said
    assert "comments rejected, comment_id: the key is missing" in said
    assert marks == [(0,)]


def test_right_answers_heal_it(story, sandbox, project):
    """Everything that was served is there, under the provider's ids; nothing is wrong any more. The
    rejects stay as rows."""
    assert story[-1].code == 0
    assert project.social("status").code == 0
    assert findings(project) == (0, [])
    assert {row[0] for row in newest(project, "drilldown")} == {"proven"}
    assert project.query("select count(*) > 0 from sync_rejects") == [(True,)]
    for table, key in (("post_raw_snapshots", "snapshot_id"), ("comments", "comment_id")):
        truth = {row[key] for row in sandbox.control("GET", f"/truth/{table}")}
        # A comment that was read before any id was seen had a key of its own; it is removed now.
        there = "where removed_at is null" if table == "comments" else ""
        stored = {name for (name,) in project.query(f"select {key} from {table} {there}")}
        assert truth == stored


def test_whole_numbers_as_text_are_numbers(story, sandbox, project):
    """`"12.0"` is exactly a whole number."""
    sandbox.advance(days=1)
    patch(sandbox, "/analytics/accounts/[^/]*", "views", '"987654.0"')

    ran = project.sync("-s", "tokportal.accounts,tokportal.drilldown")

    sandbox.clear_faults()
    assert ran.code == 0
    assert project.query("select distinct views from tracked_posts") == [(987654,)]
