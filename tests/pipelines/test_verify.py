"""`social verify` is silent on a right warehouse and names each damage of a wrong one."""

import json
from unittest.mock import ANY

import duckdb
import pytest
from dlt.common.versioned_state import compress_state, decompress_state
from typer.testing import CliRunner

from pipelines.cli import app

ALL = ("tokportal", "genviral", "tokfluence")
BY_NAME = "tokportal.video_export,tokportal.series_points"


def synced(project):
    assert project.sync().code == 0
    assert project.sync("-s", BY_NAME).code == 0


def follower(sandbox, new_project):
    env = {"SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal,genviral"}
    return new_project(sandbox, providers=ALL, **env)


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80, days=40)


@pytest.fixture(scope="module")
def project(sandbox, new_project):
    """Two days of all three providers."""
    project = follower(sandbox, new_project)
    synced(project)
    sandbox.advance(days=1)
    synced(project)
    return project


def one(table, where="true"):
    """SQL: the row of a table that comes first."""
    return f"rowid = (select min(rowid) from {table} where {where})"


# What was done to the warehouse, in whose schema, and the rule that must name it.
DAMAGE = {
    "a comment twice": (
        "tokportal",
        "insert into comments select * from comments limit 1",
        "keys of comments are unique",
    ),
    "a day twice": (
        "genviral",
        "insert into daily_series select * from daily_series limit 1",
        "keys of daily_series are unique",
    ),
    "a post deleted": (
        "tokportal",
        f"delete from tracked_posts where {one('tracked_posts')}",
        "tracked_posts has every row that the newest reading of drilldown counted",
    ),
    "a post deleted, by its orphans": (
        "tokportal",
        f"delete from tracked_posts where {one('tracked_posts')}",
        "every row of post_snapshots belongs to a row of tracked_posts",
    ),
    "a post of Genviral deleted": (
        "genviral",
        f"delete from posts where {one('posts')}",
        "posts has every row that the newest reading of posts counted",
    ),
    "a comment of Tokfluence deleted": (
        "tokfluence",
        "delete from comments where creator_handle in (select account_id from"
        " sync_completeness where stream = 'comments' and landed > 100)"
        " and comment_id in (select max(comment_id) from comments group by post_id)",
        "comments has every row that the newest reading of comments counted",
    ),
    "an account deleted": (
        "tokportal",
        "delete from accounts where account_id in (select account_id from tracked_posts limit 1)",
        "accounts has every account that was synced",
    ),
    "a target deleted": (
        "genviral",
        f"delete from targets where {one('targets')}",
        "targets has every account that was synced",
    ),
    "an observation deleted": (
        "tokportal",
        "delete from post_snapshots where (tracked_post_id, captured_at) in"
        " (select (tracked_post_id, captured_at) from tracked_posts limit 1)",
        "every row of tracked_posts has its newest observation in post_snapshots",
    ),
    "an observation of Genviral deleted": (
        "genviral",
        "delete from post_snapshots where analytics_id in (select analytics_id from posts"
        " where removed_at is null limit 1)",
        "every row of posts has its newest observation in post_snapshots",
    ),
    "a raw snapshot deleted": (
        "tokportal",
        f"delete from post_raw_snapshots where {one('post_raw_snapshots')}",
        "every observation of post_snapshots has the raw snapshot that it names",
    ),
    "the newest raw snapshots deleted with their observations": (
        "tokportal",
        "create temp table gone as select max(captured_at) as c, tracked_post_id as p"
        " from post_raw_snapshots group by 2 order by 2 limit 1;"
        "delete from post_raw_snapshots where (captured_at, tracked_post_id) in"
        " (select (c, p) from gone);"
        "delete from post_snapshots where (captured_at, tracked_post_id) in"
        " (select (c, p) from gone)",
        "every post has the raw snapshots that its mark says are held",
    ),
    "an observation of a raw snapshot deleted": (
        "tokportal",
        f"delete from account_snapshots where {one('account_snapshots', 'payload is null')}",
        "every row of account_raw_snapshots has its observation in account_snapshots",
    ),
    "a day missing": (
        "tokportal",
        "delete from daily_series where date = (select min(date) + 3 from daily_series)",
        "no day is missing in daily_series between an account's first and last",
    ),
    "a day of Genviral missing": (
        "genviral",
        "delete from daily_series where date = (select max(date) - 3 from daily_series)",
        "no day is missing in daily_series between an account's first and last",
    ),
    "the last day missing": (
        "tokportal",
        "delete from daily_series where (account_id, date) in"
        " (select (account_id, max(date)) from daily_series group by account_id)",
        "no cursor is ahead of the rows that it speaks of",
    ),
    "counters altered": (
        "tokportal",
        f"update tracked_posts set views = views + 1 where {one('tracked_posts', 'views > 0')}",
        "latest figures of tracked_posts are those of the newest observation",
    ),
    "counters of Genviral altered": (
        "genviral",
        f"update posts set likes = likes + 1 where {one('posts', 'likes is not null')}",
        "latest figures of posts are those of the newest observation",
    ),
    "counters of Tokfluence altered": (
        "tokfluence",
        f"update posts set shares = shares + 1 where {one('posts', 'shares is not null')}",
        "latest figures of posts are those of the newest observation",
    ),
    "a text altered": (
        "tokportal",
        f"update comments set text = text || '!' where {one('comments')}",
        "typed columns of comments say what the payload says",
    ),
    "a figure emptied": (
        "tokportal",
        f"update daily_series set likes = null where {one('daily_series', 'likes is not null')}",
        "typed columns of daily_series say what the payload says",
    ),
    "a figure of an audience altered": (
        "tokportal",
        f"update demographics set value = value + 1 where {one('demographics')}",
        "typed columns of demographics say what the payload says",
    ),
    "a comment of Tokfluence altered": (
        "tokfluence",
        f"update comments set likes = likes + 1 where {one('comments', 'likes is not null')}",
        "typed columns of comments say what the payload says",
    ),
    "an observation altered": (
        "tokportal",
        f"update post_snapshots set views = views + 1 where"
        f" {one('post_snapshots', 'payload is null and views is not null')}",
        "observations of post_snapshots say what their raw snapshots say",
    ),
    "a payload spoilt": (
        "tokportal",
        f"""update tracked_posts set payload = '"x"' where {one("tracked_posts")}""",
        "typed columns of tracked_posts say what the payload says",
    ),
    "a gain altered": (
        "tokportal",
        "update daily_series set views_gained = views_gained + 1 where views_gained is not null",
        "views gained on a day is the difference of the cumulative figures",
    ),
    "accounts swapped": (
        "tokportal",
        "update tracked_posts set account_id = (select min(a.account_id) from accounts a"
        f" where a.account_id <> tracked_posts.account_id) where {one('tracked_posts')}",
        "post_snapshots and tracked_posts name the same account_id",
    ),
    "targets swapped": (
        "genviral",
        "update post_snapshots set target_id = (select min(t.target_id) from targets t"
        f" where t.target_id <> post_snapshots.target_id) where {one('post_snapshots')}",
        "post_snapshots and posts name the same target_id",
    ),
    "a comment of no post": (
        "tokportal",
        f"update comments set tracked_post_id = 'nobody' where {one('comments')}",
        "every row of comments belongs to a row of tracked_posts",
    ),
    "a day of no account": (
        "tokportal",
        f"update daily_series set account_id = 'nobody' where {one('daily_series')}",
        "every row of daily_series belongs to a row of accounts",
    ),
    "an observation from the future": (
        "tokportal",
        "update post_snapshots set captured_at = fetched_at + interval 9 day"
        f" where {one('post_snapshots')}",
        "no captured_at of post_snapshots is later than the moment it was read",
    ),
    "a day from the future": (
        "genviral",
        f"update daily_series set date = date '2099-01-01' where {one('daily_series')}",
        "no date of daily_series is later than the moment it was read",
    ),
    "a row read in the future": (
        "tokportal",
        f"update comments set fetched_at = timestamptz '2099-01-01' where {one('comments')}",
        "no row of comments was read after the last run",
    ),
    "a mark in the future": (
        "tokportal",
        f"update post_marks set observed_at = timestamptz '2099-01-01' where {one('post_marks')}",
        "no observed_at of post_marks lies in the future",
    ),
    "a mark of Tokfluence in the future": (
        "tokfluence",
        f"update post_marks set read_at = timestamptz '2099-01-01' where {one('post_marks')}",
        "no read_at of post_marks lies in the future",
    ),
    "a status ahead of time": (
        "genviral",
        "update sync_account_status set \"cursor\" = '2099-01-01T00:00:00.000000Z'"
        f" where {one('sync_account_status')}",
        "no cursor lies in the future",
    ),
    "rows of a load that broke off": (
        "tokportal",
        "delete from _dlt_loads where load_id in (select max(_dlt_load_id) from comments)",
        "every row of comments is of a load that was completed",
    ),
    "a post that the export alone has": (
        "tokportal",
        f"update video_export set tracked_post_id = 'x', url = 'x' where {one('video_export')}",
        "the export shows no post that is not tracked",
    ),
    "an export that says otherwise": (
        "tokportal",
        "update video_export set likes = likes + 1 where likes is not null",
        "the export and the tracked posts say the same of one observation",
    ),
}


def damaged(project, schema, *statements):
    """A copy of the warehouse to which this was done."""
    path = project.copy("damaged.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set search_path = '{schema}'; set timezone = 'UTC'")
        for statement in statements:
            connection.execute(statement)
    return str(path)


def verified(path):
    """The command, in this process: forty starts of Python would be most of the time."""
    env = {"DESTINATION__DUCKDB__CREDENTIALS": path}
    ran = CliRunner().invoke(app, ["verify", "--json"], env=env)
    return ran.exit_code, json.loads(ran.stdout)


QUICK = ("a post deleted", "counters of Genviral altered", "a comment of Tokfluence altered")
SLOWLY = [what if what in QUICK else pytest.param(what, marks=pytest.mark.slow) for what in DAMAGE]


def test_a_right_warehouse_breaks_no_rule(project):
    """No alarm where nothing is wrong; all three providers were looked at."""
    ran = project.social("verify", "--json")

    assert ran.code == 0, ran.stdout
    assert ran.result["findings"] == []
    assert ran.result["rules"] > 250


@pytest.mark.parametrize("what", SLOWLY)
def test_each_damage_is_named(project, what):
    """Exit 8, and the rule that is broken among the findings, with a remedy."""
    schema, statement, rule = DAMAGE[what]

    code, result = verified(damaged(project, schema, *statement.split(";")))

    found = {(finding["provider"], finding["rule"]): finding for finding in result["findings"]}
    assert code == 8
    assert (schema, rule) in found, sorted(found)
    assert found[schema, rule]["rows"] > 0
    assert found[schema, rule]["examples"]
    assert found[schema, rule]["remedy"]


def test_a_cursor_from_the_future_is_named(project):
    """Cursors live in dlt's state, which is packed: it is unpacked and looked through."""
    sql = "from _dlt_pipeline_state order by _dlt_load_id desc limit 1"
    load_id, packed = project.query(f"select _dlt_load_id, state {sql}")[0]
    state = decompress_state(packed)
    accounts = state["sources"]["tokportal"]["tenants"]["default"]["accounts"]
    account_id = next(name for name, cursors in accounts.items() if "drilldown" in cursors)
    accounts[account_id]["drilldown"]["observed_at"] = "2099-01-01T00:00:00.000000Z"
    put = f"update _dlt_pipeline_state set state = '{compress_state(state)}'"

    code, result = verified(
        damaged(project, "tokportal", f"{put} where _dlt_load_id = '{load_id}'")
    )

    (finding,) = result["findings"]
    assert code == 8
    assert finding["rule"] == "no cursor lies in the future"
    assert account_id in finding["examples"][0]


def test_providers_are_compared_and_that_is_no_alarm(project):
    """Other clocks, other figures: told per metric, never broken."""
    _, result = verified(project.copy("copied.duckdb").as_posix())

    views = [told for told in result["information"] if told["rule"].startswith("views of posts")]
    assert len(views) == 3
    assert all(told["rows"] > 10 and "differ" in told["examples"][0] for told in views)


def test_a_text_that_only_looks_like_a_repaired_one_is_right(project):
    """Six characters that spell NUL, in a row of which another column had the character itself."""
    row = one("posts", "caption is not null")
    payload = "json_merge_patch(payload, json_object('caption', caption || '\\u0000'))"
    path = damaged(
        project,
        "genviral",
        f"update posts set payload = {payload}, caption = caption || '\\u0000' where {row}",
        "insert into sync_repairs by name select * replace ('posts' as table_name, (select"
        f" analytics_id from posts where {row}) as row_key) from sync_repairs limit 1",
    )

    assert verified(path) == (0, ANY)


def test_findings_are_rows_and_stay(project):
    """What a run found is there for SQL, also after a run that found nothing broken."""
    first = one("comments", "text is not null")
    path = damaged(project, "tokportal", f"update comments set likes = 4711 where {first}")
    sql = "select count(*) from tokportal.verify_findings where level = 'broken'"

    code, _ = verified(path)
    repaired = project.social(
        "reprocess", "-s", "tokportal.comments", DESTINATION__DUCKDB__CREDENTIALS=path
    )
    again, _ = verified(path)

    with duckdb.connect(path, read_only=True) as connection:
        stored = connection.execute(sql).fetchall()
    assert (code, repaired.code, again) == (8, 0, 0)
    assert stored == [(1,)]


def test_a_person_sees_the_rule_and_the_remedy(project):
    path = damaged(project, "tokportal", f"delete from tracked_posts where {one('tracked_posts')}")

    ran = project.social("verify", DESTINATION__DUCKDB__CREDENTIALS=path, COLUMNS="200")

    assert ran.code == 8
    assert "drilldown counted" in ran.stdout
    assert "social sync" in ran.stdout
    assert "broken" in ran.messages[-1]


@pytest.fixture(scope="module")
def restored(new_sandbox, new_project):
    """An older backup, put back in place after a post and an account were added and synced."""
    sandbox = new_sandbox(accounts=4, posts=12)
    project = new_project(sandbox, providers=("tokportal", "genviral"))
    assert project.sync().code == 0
    backup = project.copy("backup.duckdb")
    sandbox.edit("add_account")
    sandbox.edit("add_post", account_id=sandbox.account("public"))
    sandbox.advance(hours=6)
    assert project.sync().code == 0
    assert project.social("verify", "--live").code == 0
    backup.replace(project.warehouse)
    return project, sandbox


@pytest.mark.slow
def test_an_older_backup_is_found_by_asking(restored):
    project, sandbox = restored
    sandbox.count_anew()

    alone = project.social("verify")
    live = project.social("verify", "--live", "--json")

    assert alone.code == 0
    assert live.code == 8
    found = {finding["rule"]: finding["examples"] for finding in live.result["findings"]}
    assert found["accounts has as many rows as the provider says now"] == ["4 of 5"]
    assert "tracked_posts has as many rows as the provider says now" in found
    assert sandbox.requests()["total"] == 2
    assert live.result["requests"] == 3  # one of them at Genviral


@pytest.mark.slow
def test_each_account_is_asked_by_name(restored):
    """A post lost with everything that names it: the count of its account tells."""
    project, _ = restored

    live = project.social("verify", "--live", "--each", "--json")

    examples = {f["rule"]: f["examples"] for f in live.result["findings"]}
    told = examples["tracked_posts has as many rows as the provider says now"]
    assert any(":" in example for example in told)


@pytest.mark.slow
def test_a_refused_key_ends_it(restored):
    project, sandbox = restored
    wrong = sandbox.key("wrong")

    assert project.social("verify", "--live", SOURCES__TOKPORTAL__API_KEY=wrong).code == 4


@pytest.mark.slow
def test_postgres_is_verified_likewise(new_sandbox, new_project, postgres):
    """The same rules, silent and not."""
    sandbox = new_sandbox(accounts=8, posts=60, seed=11)
    env = {"SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal,genviral"}
    project = new_project(sandbox, providers=ALL, postgres=postgres, **env)
    synced(project)
    right = project.social("verify", "--json")
    project.query("delete from daily_series where date = (select min(date) + 3 from daily_series)")
    project.query("update comments set text = text || '!'")

    wrong = project.social("verify", "--json")

    assert (right.code, right.result["findings"]) == (0, [])
    assert right.result["rules"] > 250
    assert wrong.code == 8
    assert {finding["rule"] for finding in wrong.result["findings"]} >= {
        "no day is missing in daily_series between an account's first and last",
        "typed columns of comments say what the payload says",
    }


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_right_warehouses_raise_no_alarm(new_sandbox, new_project, seed):
    """Other worlds, both dialects, both generations; three syncs, days apart."""
    dialect = "later" if seed % 3 == 0 else "first"
    sandbox = new_sandbox(
        accounts=8, posts=40, days=30, seed=1000 + seed, dialect=dialect, v1_accounts=seed % 2
    )
    project = follower(sandbox, new_project)
    for days in (1, 9, 0):
        synced(project)
        sandbox.advance(days=days)

    code, result = verified(str(project.warehouse))
    sandbox.stop()

    assert (code, result["findings"]) == (0, [])
