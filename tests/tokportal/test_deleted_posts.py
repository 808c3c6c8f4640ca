"""A post that is deleted takes nothing with it: its last raw snapshots are asked once more."""

import pytest
from oracle import Truth, differences

LAG = {"SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": "7"}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80)


@pytest.fixture(scope="module")
def story(sandbox, new_project):
    """A sync; two days of captures that wait for the lag; posts deleted; then syncs that show it.

    One deletion comes hours after a sync, so that no sync sees what was captured in between.
    """
    project, truth = new_project(sandbox, **LAG), Truth(sandbox.url)
    project.sync()
    truth.observe()
    for _ in range(2):
        sandbox.advance(days=1)
        project.sync()
        truth.observe()
    waiting = [post for (post,) in project.query(_WAITING)]
    deleted = waiting[:2]
    sandbox.edit("delete_post", id=deleted[0])
    project.sync()
    sandbox.advance(hours=20)
    truth.observe()
    sandbox.edit("delete_post", id=deleted[1])
    return project, truth, deleted, waiting


_WAITING = "select tracked_post_id from post_marks where unseen_since is not null order by 1"


def asked_of(sandbox, post_id):
    return sum(row["path"].endswith(f"/{post_id}/raw") for row in sandbox.log())


def test_last_snapshots_of_a_deleted_post_are_not_lost(story, sandbox):
    """Every row that the provider ever showed of them; one request for it."""
    project, truth, deleted, _ = story
    before = asked_of(sandbox, deleted[1])

    ran = project.sync()

    held = {key for (key,) in project.query("select snapshot_id from post_raw_snapshots")}
    shown = [
        r for r in truth.rows["post_raw_snapshots"].values() if r["tracked_post_id"] in deleted
    ]
    assert ran.code == 0
    assert asked_of(sandbox, deleted[1]) == before + 1
    assert {row["tracked_post_id"] for row in shown} == set(deleted)
    assert {row["snapshot_id"] for row in shown} <= held


@pytest.mark.slow
def test_once_the_lag_is_over_all_is_there(story):
    project, truth, *_ = story

    ran = project.sync(SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS="0")

    truth.observe()
    assert ran.code == 0
    assert differences(truth, project.warehouse) == []


@pytest.mark.slow
def test_a_post_that_the_provider_has_forgotten_is_asked_once(story, sandbox):
    """That it is not there any more is no failure."""
    project, _, deleted, waiting = story
    forgotten = next(post for post in waiting if post not in deleted)
    before = asked_of(sandbox, forgotten)
    sandbox.edit("delete_post", id=forgotten)
    sandbox.fault("status", f"/analytics/posts/{forgotten}/raw", status=404)

    codes = [project.sync().code for _ in range(3)]

    sandbox.clear_faults()
    assert codes == [0, 0, 0]
    assert asked_of(sandbox, forgotten) == before + 1
