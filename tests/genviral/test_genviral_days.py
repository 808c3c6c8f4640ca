"""Genviral day after day: what its targets show is in the warehouse, and an idle sync is cheap."""

import pytest
from genviral.conftest import READ_ALL
from oracle import Truth, differences


@pytest.fixture(scope="module", params=["first", pytest.param("later", marks=pytest.mark.slow)])
def sandbox(request, new_sandbox):
    return new_sandbox(accounts=8, posts=240, days=30, dialect=request.param)


@pytest.fixture(scope="module")
def days(sandbox, new_genviral):
    """A first sync and three days: how each ended and what differed then; then one more sync."""
    project, truth = new_genviral(sandbox, **READ_ALL), Truth(sandbox.url, provider="genviral")
    runs = []
    for day in range(4):
        if day:
            sandbox.advance(days=1)
        ran = project.sync()
        truth.observe()
        runs.append((ran.code, differences(truth, project.warehouse)))
    return project, runs, project.sync()


def test_every_day_ends_in_the_truth(days):
    _, runs, _ = days

    assert runs == [(0, [])] * 4


def test_every_target_is_proven(days):
    project, _, idle = days

    streams = idle.result["providers"]["genviral"]["streams"]
    counted = project.query("select distinct status from sync_completeness where stream = 'posts'")
    assert counted == [("proven",)]
    assert streams["targets"]["completeness"] == {"proven": 1}


def test_idle_sync_writes_nothing(days):
    _, _, idle = days

    assert (idle.code, idle.result["providers"]["genviral"]["written"]) == (0, {})


def test_snapshots_are_one_per_post_and_day(days):
    """What is read twice on a day is the day's last figures."""
    project, _, _ = days

    rows = project.query(
        "select count(*), count(distinct (analytics_id, fetched_on)), count(distinct fetched_on)"
        " from post_snapshots"
    )
    assert rows[0][0] == rows[0][1]
    assert rows[0][2] == 4


def test_correlation_comes_late_and_stays(days):
    """Ids of the posting side are filled in days later, and lead to a published post."""
    project, _, _ = days

    (late,) = project.query(
        "select count(*) from posts p join published_posts q on q.post_id = p.genviral_post_id"
    )
    assert late[0] > 0


def test_platform_post_id_is_there_for_every_address(days):
    project, _, _ = days

    missing = project.query(
        "select count(*) from posts where url is not null and platform_post_id is null"
        " and platform <> 'instagram'"  # whose addresses hold a shortcode, which is no id
    )
    assert missing == [(0,)]
