"""A row that cannot be read makes its stream partial, is named, holds its mark, and heals."""

from __future__ import annotations

from typing import Any

import pytest

RULE = "every row of the newest reading of each stream could be read"
RAW = "/analytics/posts/.*/raw"


@pytest.fixture(scope="module", params=["first", "later"])
def sandbox(request, new_sandbox):
    return new_sandbox(accounts=2, posts=16, days=12, dialect=request.param)


@pytest.fixture(scope="module")
def story(sandbox, project):
    """A sync in which the views of every post are an object, then one that is served right."""
    patch(sandbox, "/analytics/accounts/[^/]*", "posts", '{"n": 1}')
    spoilt = project.sync(SYNC__BATCH_ROWS="20")
    told = status(project), findings(project), completeness(project, "drilldown")
    sandbox.clear_faults()
    return spoilt, told, project.sync(SYNC__BATCH_ROWS="20")


def patch(sandbox: Any, path: str, posts: str, views: str) -> None:
    """Plant a value for the views of posts, wherever the dialect has them."""
    for place in (f"{posts}.*.views", f"data.{posts}.*.metrics.views"):
        sandbox.fault("patch", path, patches=[{"pointer": place, "json": views}])


def status(project: Any) -> tuple[int, str, list[dict[str, Any]]]:
    shown = project.social("status", COLUMNS="200")
    said = project.social("status", "--json")
    return shown.code, shown.stdout, said.result["providers"]["tokportal"]["rejected"]


def findings(project: Any) -> tuple[int, list[str]]:
    ran = project.social("verify", "--json")
    return ran.code, [f["examples"] for f in ran.result["findings"] if f["rule"] == RULE]


def completeness(project: Any, stream: str) -> list[tuple[Any, ...]]:
    return project.query(
        "select status, landed, rejected from (select *, row_number() over"
        " (partition by account_id order by fetched_at desc) as age"
        " from sync_completeness where stream = $1) c where age = 1 order by 1, 2, 3",
        stream,
    )


def test_rejected_rows_are_exit_3_and_the_last_line_names_them(story):
    """Table, column, reason and count; nothing of the reading is proven."""
    spoilt, (_, _, rows), _ = story
    (error,) = [e for e in spoilt.result["errors"] if "tracked_posts" in e["message"]]
    rejected = sum(count for _, _, count in rows)

    assert spoilt.code == 3
    assert error["code"] == "rejected"
    assert f"{rejected} rows of tracked_posts rejected, views: an object" in error["message"]
    assert f"{rejected} rows of tracked_posts rejected, views: an object" in spoilt.messages[-1]
    assert {state for state, _, count in rows if count} == {"unproven"}
    assert all(landed == 0 for _, landed, count in rows if count)


def test_status_and_verify_break_while_the_newest_reading_has_rejects(story):
    """Exit 8 of both, with account, stream, column and count."""
    _, ((code, said, rows), (broken, examples), _), _ = story

    assert (code, broken) == (8, 8)
    assert "tracked_posts.views" in said
    assert {row["stream"] for row in rows} == {"drilldown"}
    assert "tracked_posts.views" in str(examples)


def test_right_answers_heal_it(story, project):
    """The rejects stay as rows; the newest reading has none, and nothing is wrong any more."""
    _, _, healed = story

    assert healed.code == 0
    assert status(project)[0] == 0
    assert findings(project) == (0, [])
    assert {(state, count) for state, _, count in completeness(project, "drilldown")} == {
        ("proven", 0)
    }
    assert project.query("select count(*) > 0 from sync_rejects") == [(True,)]


def test_whole_numbers_as_text_are_numbers(story, sandbox, project):
    """ "12.0" is exactly a whole number; "1.2K" is not."""
    sandbox.advance(days=1)
    patch(sandbox, "/analytics/accounts/[^/]*", "posts", '"987654.0"')

    ran = project.sync()

    sandbox.clear_faults()
    assert ran.code == 0
    views = project.query("select distinct views from tracked_posts where removed_at is null")
    assert views == [(987654,)]


def test_raw_rows_without_an_id_hold_their_mark(story, sandbox, project):
    """Nothing is stored under an invented id, and all of it lands when it is served right."""
    sandbox.advance(days=2)
    for place in ("data.0.id", "data.snapshots.0.id"):
        sandbox.fault("patch", RAW, patches=[{"pointer": place, "drop": True}])
    before = marks(project)

    spoilt = project.sync()

    sandbox.clear_faults()
    assert spoilt.code == 3
    assert "post_raw_snapshots rejected, snapshot_id: the key is missing" in spoilt.messages[-1]
    held = marks(project)
    assert {post: mark for post, mark in held.items() if post in before} == before
    healed = project.sync()
    assert healed.code == 0
    truth = {row["snapshot_id"] for row in sandbox.control("GET", "/truth/post_raw_snapshots")}
    stored = {key for (key,) in project.query("select snapshot_id from post_raw_snapshots")}
    assert truth <= stored
    assert not [key for key in stored if ":" in key]


def marks(project: Any) -> dict[str, Any]:
    return dict(project.query("select tracked_post_id, observed_at from post_marks"))


@pytest.mark.parametrize("spoilt", ['{"drop": true}', "12.5", "null", '"  "'])
def test_a_comment_without_an_id_among_others_is_rejected(sandbox, new_project, spoilt):
    """Where the provider gives ids, a row without one is no comment of its own."""
    fault = {"drop": True} if "drop" in spoilt else {"json": spoilt}
    for place in ("data.0.id", "data.comments.0.comment_id"):
        sandbox.fault(
            "patch",
            "/analytics/accounts/[^/]*/comments",
            patches=[{"pointer": place, **fault}],
        )
    project = new_project(sandbox)
    select = ("-s", "tokportal.drilldown,tokportal.accounts,tokportal.comments")

    ran = project.sync(*select)
    sandbox.clear_faults()
    healed = project.sync(*select)

    truth = {row["comment_id"] for row in sandbox.control("GET", "/truth/comments")}
    stored = {key for (key,) in project.query("select comment_id from comments")}
    assert (ran.code, healed.code) == (3, 0)
    assert len([key for key in stored if key.startswith("sha256:")]) <= only_comments(sandbox)
    assert truth <= stored


def only_comments(sandbox: Any) -> int:
    """Posts with a single comment: without its id nothing tells that the provider gives any."""
    posts = [row["tracked_post_id"] for row in sandbox.control("GET", "/truth/comments")]
    return sum(posts.count(post) == 1 for post in set(posts))
