"""Targets come, go, fail and are renamed; the others are not touched by it."""

import pytest

POSTS = "/analytics/summary/posts"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=6, posts=450, days=40)


@pytest.fixture(scope="module")
def project(sandbox, new_genviral):
    made = new_genviral(sandbox, SOURCES__GENVIRAL__RECENT_DAYS="3")
    assert made.sync().code == 0
    return made


def targets(project):
    return [row[0] for row in project.query("select target_id from targets order by target_id")]


def asked_for(sandbox, target, project, **time):
    """What a sync asks for the posts of a target, some time later."""
    before = len(sandbox.log("genviral"))
    sandbox.advance(**time)
    assert project.sync().code == 0
    asked = [e for e in sandbox.log("genviral")[before:] if e["path"] == POSTS]
    return [e["query"] for e in asked if f"accounts={target}" in e["query"]]


def test_failing_target_leaves_the_others_alone(sandbox, project):
    bad = targets(project)[0]
    sandbox.advance(days=1)
    sandbox.fault("status", POSTS, provider="genviral", query={"accounts": bad}, status=400)

    ran = project.sync()
    sandbox.clear_faults()

    assert ran.code == 3
    assert {e["account_id"] for e in ran.result["errors"]} == {bad}
    said = project.query(
        "select account_id from sync_account_status where status = 'failed' and stream = 'posts'"
    )
    assert said == [(bad,)]
    assert project.sync().code == 0


def test_refreshed_targets_alone_are_asked_again(sandbox, project):
    """Where `last_refreshed_at` has been seen to move, it tells whether there is news."""
    for _ in range(2):
        sandbox.advance(days=1)
        assert project.sync().code == 0
    sandbox.count_anew("genviral")

    idle = project.sync().result["providers"]["genviral"]

    assert idle["written"] == {}
    assert idle["requests_by_endpoint"]["/analytics/targets"] == 1
    assert idle["requests"] <= 5  # two of one target that is never refreshed


@pytest.mark.slow
def test_old_posts_wait_for_the_full_reading(sandbox, project):
    """A target of more than one page: recent days at every sync, everything once a week."""
    ((big, _),) = project.query(
        "select target_id, count(*) from posts group by 1 order by 2 desc limit 1"
    )
    recent = asked_for(sandbox, big, project, days=1)
    full = asked_for(sandbox, big, project, days=7)

    assert all("start=" in query and "range=" not in query for query in recent)
    assert recent
    assert all("range=all" in query for query in full)
    assert len(full) >= 2


@pytest.mark.slow
def test_old_posts_are_read_after_each_refresh_where_all_are_few(sandbox, project):
    """By requests a day: figures of old posts are then as new as their target's refresh."""
    ((big, pages),) = project.query(
        "select target_id, ceil(count(*) / 100.0) from posts group by 1 order by 2 desc limit 1"
    )
    project.env["SOURCES__GENVIRAL__WHOLE_REQUESTS_PER_DAY"] = "3"
    too_many = asked_for(sandbox, big, project, days=1)
    project.env["SOURCES__GENVIRAL__WHOLE_REQUESTS_PER_DAY"] = "50"
    all_of_them = asked_for(sandbox, big, project, days=1)

    assert all("range=all" not in query for query in too_many)
    assert len(all_of_them) == pages
    assert all("range=all" in query for query in all_of_them)
    measured = (
        "select count(*) from post_snapshots s join targets t using (target_id)"
        " where s.fetched_on = (select max(fetched_on) from post_snapshots)"
        f" and target_id = '{big}' and s.measured_at is distinct from t.last_refreshed_at"
    )
    assert project.query(measured) == [(0,)]


@pytest.mark.slow
def test_removed_target_is_marked_after_two_listings(sandbox, project):
    gone = targets(project)[-1]
    sandbox.edit("genviral_remove_target", target_id=gone)

    marked = []
    for _ in range(2):
        assert project.sync().code == 0
        marked.append(project.query("select target_id from targets where removed_at is not null"))
    sandbox.edit("genviral_restore_target", target_id=gone)
    assert project.sync().code == 0

    assert marked == [[], [(gone,)]]
    assert project.query("select 1 from targets where removed_at is not null") == []


@pytest.mark.slow
def test_renamed_target_keeps_its_posts(sandbox, project):
    target = targets(project)[1]
    before = project.query("select count(*) from posts where target_id = ?", target)
    sandbox.edit("genviral_rename_target", target_id=target, identifier="Brand.New")
    sandbox.advance(days=8)

    assert project.sync().code == 0

    name = project.query(
        "select identifier, normalized_identifier from targets where target_id = ?", target
    )
    assert name == [("@Brand.New", "brand.new")]
    assert project.query("select count(*) from posts where target_id = ?", target)[0] >= before[0]


@pytest.mark.slow
def test_revoked_key_is_exit_4(sandbox, project):
    key = project.env["SOURCES__GENVIRAL__API_KEY"]
    sandbox.edit("revoke_key", key=key)

    ran = project.sync()
    sandbox.edit("accept_key", key=key)

    assert ran.code == 4
    assert project.sync().code == 0


@pytest.mark.slow
def test_refusal_under_a_success_status_is_a_refusal(sandbox, project):
    sandbox.advance(days=1)
    body = '{"ok":false,"code":403,"message":"no","error_code":"tier_not_allowed"}'
    sandbox.fault("replace", "/analytics/summary", provider="genviral", body=body)

    ran = project.sync()
    sandbox.clear_faults()

    said = ran.result["providers"]["genviral"]["streams"]
    assert ran.code == 0
    assert [s["stream"] for s in ran.result["skipped"] if s["provider"] == "genviral"] == [
        "daily_series"
    ]
    assert said["posts"]["accounts_failed"] == 0
