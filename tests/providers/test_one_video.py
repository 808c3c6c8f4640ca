"""One video that three providers see is one video in SQL."""

import pytest

ALL = ("tokportal", "genviral", "tokfluence")

POSTS = {
    "tokportal": "tokportal.tracked_posts",
    "genviral": "genviral.posts",
    "tokfluence": "tokfluence.posts",
}
SEEN_BY_ALL = """
    select t.tracked_post_id, t.views, g.views, f.views, t.published_at, g.published_at
    from tokportal.tracked_posts t
    join genviral.posts g using (platform, platform_post_id)
    join tokfluence.posts f using (platform, platform_post_id)
"""


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=120, days=30)


@pytest.fixture(scope="module")
def synced(sandbox, new_project):
    """Everything of everybody in one command; Tokfluence follows what the other two know."""
    posts_from = {"SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal,genviral"}
    project = new_project(sandbox, providers=ALL, **posts_from)
    return project, project.sync()


def test_three_providers_are_synced_by_one_command(synced):
    _, ran = synced

    assert ran.code == 0
    assert set(ran.result["providers"]) == set(ALL)
    assert ran.result["providers"]["tokfluence"]["credits"] > 0


@pytest.mark.parametrize("provider", ALL)
def test_a_post_has_one_platform_id(synced, provider):
    """On every table of posts: filled where there is an address, and never two posts of one id.

    Instagram's addresses hold a shortcode, which is another kind of id than the providers' number.
    """
    project, _ = synced
    (counts,) = project.query(
        f"select count(*), count(platform_post_id), count(distinct (platform, platform_post_id))"
        f" from {POSTS[provider]} where url is not null and platform <> 'instagram'"
    )
    assert counts[0] == counts[1] == counts[2] > 0
    ids = project.query(
        f"select platform_post_id from {POSTS[provider]} where platform = 'instagram'"
        " and platform_post_id is not null"
    )
    assert all(post_id.isdigit() for (post_id,) in ids)
    assert ids or provider == "tokfluence"


def test_a_video_seen_by_all_joins_once(synced, sandbox):
    """Every TikTok video that all three have is one row of the join."""
    project, _ = synced
    ids = [
        {
            row["platform_post_id"]
            for row in sandbox.control("GET", f"/truth{path}")
            if row["platform"] == "tiktok"
        }
        for path in ("/tracked_posts", "/genviral/posts", "/tokfluence/posts")
    ]

    joined = project.query(SEEN_BY_ALL)

    assert len(joined) == len({row[0] for row in joined}) == len(set.intersection(*ids)) > 20


def test_each_provider_keeps_its_own_figures(synced):
    """Other clocks and lags: the same video, and not the same number everywhere."""
    project, _ = synced

    assert any(len({row[1], row[2], row[3]}) == 3 for row in project.query(SEEN_BY_ALL))
