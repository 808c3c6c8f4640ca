"""Comments of a post whose counter stands still: asked again within the lag, and not before."""

from datetime import UTC, datetime, timedelta

import pytest

from sources.tokportal.marks import CommentsMark

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def asked(days, *, counters=None, lag=7.0):
    """Days on which the comments are asked, of a post that is measured every day."""
    mark, found = CommentsMark(), []
    for day in range(days):
        observed = NOW + day * DAY
        counter = counters[day] if counters else 60
        mark = mark.met(observed)
        if mark.due(observed, counter, observed, lag):
            found.append(day)
            mark = CommentsMark(observed, counter)
    return found


def test_a_counter_that_stands_still_is_asked_again_within_the_lag():
    """Eight days after the last time: seven after the first observation since."""
    assert asked(20) == [0, 8, 16]
    assert asked(4, lag=0) == [0, 1, 2, 3]


def test_a_counter_that_moves_is_asked_at_once():
    assert asked(6, counters=[5, 5, 6, 6, None, 6]) == [0, 2, 4, 5]


def test_a_post_that_is_not_measured_again_is_not_asked_again():
    mark = CommentsMark(NOW, 60).met(NOW)

    assert not mark.due(NOW, 60, NOW + 30 * DAY, 7.0)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=12, days=10)


def test_a_comment_that_comes_into_reach_is_there_within_the_lag(sandbox, new_project):
    """One vanishes and an older one takes its place: no counter says so."""
    account, project = sandbox.account("giant"), new_project(sandbox)
    path = f"/analytics/accounts/{account}/comments"
    sandbox.fault("patch", path, patches=[{"pointer": "data.0", "drop": True}])
    posts = "select tracked_post_id, comments, captured_at from tracked_posts"
    assert project.sync("--accounts", account).code == 0
    before = {post: (counter, moment) for post, counter, moment in project.query(posts)}
    sandbox.clear_faults()
    sandbox.advance(days=1)

    at_once = {"SOURCES__TOKPORTAL__COMMENTS_MAX_LAG_DAYS": "0"}
    assert project.sync("--accounts", account, **at_once).code == 0

    still = [
        post
        for post, counter, moment in project.query(posts)
        if counter and before.get(post, (None,))[0] == counter and before[post][1] != moment
    ]
    assert still
    held = {comment for (comment,) in project.query("select comment_id from comments")}
    for post in still:
        served = sandbox.get(path, trackedPostId=post, limit=50)["data"]
        assert {comment["id"] for comment in served} <= held
