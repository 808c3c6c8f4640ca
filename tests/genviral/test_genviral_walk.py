"""Walks over a target's posts: they end, and are proven or say why not."""

import pytest
from genviral.conftest import READ_ALL
from oracle import Truth, differences

POSTS = "/analytics/summary/posts"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=1, posts=450, days=30)


@pytest.fixture(scope="module")
def project(sandbox, new_genviral):
    return new_genviral(sandbox, **READ_ALL)


def posts_stream(project, ran):
    """The run's word on the posts, the equation, and its requests for them."""
    said = ran.result["providers"]["genviral"]
    (row,) = project.query(
        "select status, equation, expected, landed from sync_completeness"
        " where stream = 'posts' and run_id = ?",
        ran.result["run_id"],
    )
    return row, said["requests_by_endpoint"][POSTS]


def pages(sandbox):
    return -(-len(sandbox.control("GET", "/truth/genviral/posts")) // 100)


def is_right(sandbox, project):
    truth = Truth(sandbox.url, provider="genviral")
    truth.observe()
    found = differences(truth, project.warehouse, without="unexpected")
    return [line for line in found if line.startswith("posts")] == []


def test_quiet_walk_asks_each_page_once(sandbox, project):
    row, asked = posts_stream(project, project.sync())

    assert (row[0], asked) == ("proven", pages(sandbox))


def test_page_served_twice_is_read_again(sandbox, project):
    sandbox.fault("repeat_page", POSTS, provider="genviral", query={"offset": "200"}, times=1)

    ran = project.sync()
    sandbox.clear_faults()

    row, asked = posts_stream(project, ran)
    assert (ran.code, row[0]) == (0, "proven")
    assert pages(sandbox) < asked <= 2 * pages(sandbox)
    assert is_right(sandbox, project)


def test_post_inserted_between_two_pages_is_not_lost(sandbox, project):
    (target,) = project.query("select target_id from targets")
    sandbox.edit("genviral_insert_between", target_id=target[0], after_requests=2)

    ran = project.sync()

    row, _ = posts_stream(project, ran)
    assert (ran.code, row[0]) == (0, "proven")
    assert is_right(sandbox, project)


def test_total_that_changes_for_ever_is_said(sandbox, project):
    """Three walks, no proof, nothing lost, nothing removed."""
    patch = [{"pointer": "data.totalCount", "json": "3"}]
    sandbox.fault("patch", POSTS, provider="genviral", query={"offset": "100"}, patches=patch)

    ran = project.sync()
    sandbox.clear_faults()

    row, asked = posts_stream(project, ran)
    assert (ran.code, row[0]) == (0, "moved_during_read")
    assert "the total changed from" in row[1]
    assert asked == 3 * pages(sandbox)
    assert project.query("select count(*) from posts where removed_at is not null") == [(0,)]


def test_empty_page_that_promises_more_ends_the_walk(sandbox, project):
    patch = [{"pointer": "data.hasMore", "json": "true"}]
    last = {"query": {"offset": "400"}, "provider": "genviral"}
    sandbox.fault("empty_rows", POSTS, **last)
    sandbox.fault("patch", POSTS, patches=patch, **last)

    ran = project.sync()
    sandbox.clear_faults()

    row, asked = posts_stream(project, ran)
    assert row[0] == "moved_during_read"
    assert "distinct posts where the provider counts" in row[1]
    assert asked == 3 * pages(sandbox)


def test_rows_of_another_account_are_not_taken(sandbox, project):
    """A filter that is ignored: an answer of strangers lands nowhere, and the account says so."""
    before = project.query("select count(*) from posts")
    patch = [{"pointer": "data.posts.*.platform", "json": '"youtube"'}]
    sandbox.fault("patch", POSTS, provider="genviral", patches=patch)

    ran = project.sync()
    sandbox.clear_faults()

    assert ran.code == 3
    assert [e["code"] for e in ran.result["errors"]] == ["wrong_account"]
    assert project.query("select count(*) from posts") == before


def test_after_all_that_the_warehouse_is_right(sandbox, project):
    ran = project.sync()

    assert ran.code == 0
    assert is_right(sandbox, project)


@pytest.mark.slow
def test_target_of_25_000_posts(new_sandbox, new_genviral):
    """All there, no offset above 10,000, hardly a request more than there are pages."""
    sandbox = new_sandbox(accounts=1, posts=25_000, days=60)
    project = new_genviral(sandbox)

    ran = project.sync("-s", "genviral.targets,genviral.posts")

    row, asked = posts_stream(project, ran)
    offsets = [
        int(part.removeprefix("offset="))
        for entry in sandbox.log("genviral")
        for part in entry["query"].split("&")
        if part.startswith("offset=")
    ]
    assert (ran.code, row[0], row[2]) == (0, "proven", row[3])
    assert project.query("select count(distinct analytics_id) from posts") == [(row[2],)]
    assert row[2] >= 24_000
    assert max(offsets) <= 10_000
    assert asked <= 1.1 * -(-row[2] // 100)
