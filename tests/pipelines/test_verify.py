"""`social verify` is silent on a right warehouse and names each damage of a wrong one."""

import duckdb
import pytest


@pytest.fixture(scope="module")
def project(new_sandbox, new_project):
    project = new_project(new_sandbox(accounts=6, posts=60))
    assert project.sync().code == 0
    assert project.sync("-s", "tokportal.video_export").code == 0
    return project


DAMAGE = {
    "keys of comments are unique": "insert into comments select * from comments limit 1",
    "every post belongs to an account that is known": (
        "delete from accounts where account_id in (select account_id from tracked_posts limit 1)"
    ),
    "every snapshot belongs to a post that is known": (
        "delete from tracked_posts where tracked_post_id in"
        " (select tracked_post_id from post_snapshots limit 1)"
    ),
    "no observation is later than the moment it was read": (
        "update post_snapshots set captured_at = fetched_at + interval 9 day"
        " where snapshot_id in (select min(snapshot_id) from post_snapshots)"
    ),
    "a post's latest figures are those of its newest observation": (
        "update tracked_posts set views = views + 1 where views is not null"
    ),
    "the export shows no post that is not tracked": (
        "update video_export set tracked_post_id = 'x', url = 'x'"
        " where post_key in (select min(post_key) from video_export)"
    ),
    "the export and the tracked posts say the same of one observation": (
        "update video_export set likes = likes + 1 where likes is not null"
    ),
}


def test_a_right_warehouse_breaks_no_rule(project):
    """No alarm where nothing is wrong; the export was reconciled, not left out."""
    ran = project.social("verify", "--json")

    assert ran.code == 0
    assert ran.result["findings"] == []
    assert ran.result["rules"] > 30


@pytest.mark.parametrize("rule", DAMAGE)
def test_each_damage_is_named(project, rule):
    """Exit 8, and the rule that is broken among the findings."""
    damaged = project.copy("damaged.duckdb")
    with duckdb.connect(str(damaged)) as connection:
        connection.execute("set search_path = 'tokportal'")
        connection.execute(DAMAGE[rule])

    ran = project.social("verify", "--json", DESTINATION__DUCKDB__CREDENTIALS=str(damaged))

    assert ran.code == 8
    assert rule in {finding["rule"] for finding in ran.result["findings"]}
