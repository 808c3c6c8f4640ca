"""A latest row carries the figures of one moment: those of the newest observation held."""

import pytest

FIGURES = ("views", "likes", "comments", "shares", "bookmarks", "impressions", "reach")
# Posts of a drilldown beyond the fifth are left out: the video list, which has fewer columns, is
# then the only place that shows them.
CAPPED = [{"pointer": "data.posts.5", "drop": True}] * 60
WEEKLY_RAW = {"SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": ""}


def mixed(project, latest, key, figures, moment):
    """Figures of latest rows that the observation of their moment lacks or contradicts."""
    apart = " or ".join(f"(t.{n} is not null and t.{n} is distinct from s.{n})" for n in figures)
    return project.query(
        f"select t.{key} from {latest} t join post_snapshots s on s.{key} = t.{key} and {moment}"
        f" where {apart}"
    )


@pytest.fixture(scope="module")
def capped(new_sandbox, new_project):
    """A full drilldown on the first day, one of five posts on the second."""
    sandbox = new_sandbox(accounts=3, posts=60, days=6, dialect="later")
    project = new_project(sandbox, **WEEKLY_RAW)
    assert project.sync("-x", "tokportal.post_raw_snapshots").code == 0
    before = project.query("select tracked_post_id, captured_at from tracked_posts")
    sandbox.advance(days=1)
    sandbox.fault("patch", "/analytics/accounts/[^/]+", patches=CAPPED)
    assert project.sync("-x", "tokportal.post_raw_snapshots").code == 0
    return project, dict(before)


def test_posts_of_a_capped_drilldown_keep_no_figure_of_an_older_observation(capped):
    """Impressions of yesterday beside the views of today are figures of no moment."""
    project, before = capped
    moment = "s.captured_at = t.captured_at and s.source = t.source"
    rows = project.query("select tracked_post_id, captured_at, impressions from tracked_posts")

    moved = [row for row in rows if before.get(row[0]) not in (None, row[1])]
    assert any(impressions is None for *_, impressions in moved)
    assert mixed(project, "tracked_posts", "tracked_post_id", FIGURES, moment) == []
    assert project.query(
        "select count(*) from tracked_posts t where exists (select 1 from post_snapshots s"
        " where s.tracked_post_id = t.tracked_post_id and s.captured_at > t.captured_at)"
    ) == [(0,)]


def test_descriptive_columns_stay_when_a_list_does_not_show_them(capped):
    """A caption is of no moment."""
    project, _ = capped

    assert project.query("select count(*) from tracked_posts where published_at is null") == [(0,)]


def test_raw_snapshots_complete_the_latest_row_of_their_moment(capped):
    """The newest observation is then known in full, in both places."""
    project, _ = capped
    assert project.sync(SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS="0").code == 0

    apart = " or ".join(f"t.{name} is distinct from s.{name}" for name in FIGURES)
    assert project.query(
        "select t.tracked_post_id from tracked_posts t join post_snapshots s"
        " on s.tracked_post_id = t.tracked_post_id and s.captured_at = t.captured_at"
        f" and s.source = t.source where {apart}"
    ) == []  # fmt: skip
    assert project.social("verify").code == 0


def test_posts_of_genviral_keep_no_figure_of_an_older_reading(new_sandbox, new_project):
    """A counter that an answer leaves out is not known for that day."""
    sandbox = new_sandbox(accounts=3, posts=20, days=6)
    project = new_project(sandbox, providers=("genviral",), schema="genviral")
    assert project.sync().code == 0
    sandbox.advance(days=1)
    dropped = [{"pointer": "data.posts.*.metrics.shares", "drop": True}]
    sandbox.fault("patch", "/analytics/summary/posts", patches=dropped, provider="genviral")

    assert project.sync().code == 0

    newest = (
        "(select max(n.fetched_on) from post_snapshots n where n.analytics_id = t.analytics_id)"
    )
    figures = ("views", "likes", "comments", "shares", "saves")
    assert mixed(project, "posts", "analytics_id", figures, f"s.fetched_on = {newest}") == []
    assert project.query("select count(shares) from posts where removed_at is null") == [(0,)]
    assert project.query("select count(shares) > 0 from post_snapshots") == [(True,)]
