"""`social reprocess`: what was not typed is, from what is stored, without a request."""

import json
import signal
from dataclasses import replace

import duckdb
import pytest
from oracle.dump import dump
from typer.testing import CliRunner

import sources
from pipelines import reread
from pipelines.cli import app


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80)


@pytest.fixture(scope="module")
def first(new_project, sandbox):
    """A project that was synced."""
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


def change(project, *statements):
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("set search_path = 'tokportal'")
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def project(first, tmp_path):
    """That project with its warehouse as it was synced; a test may change it."""
    kept = first.copy("kept.duckdb")
    yield first
    kept.replace(first.warehouse)


UNTYPED = "update tracked_posts set views = null, caption = null, published_at = null"


def test_columns_that_were_null_are_filled_without_a_request(project, sandbox):
    """As after an alias was added to a declaration: the payload had it all along."""
    before = dump(project.warehouse)
    change(project, UNTYPED)
    sandbox.count_anew()

    ran = project.social("reprocess", "--json")

    (table,) = [t for t in ran.result["tables"] if t["table"] == "tracked_posts"]
    assert ran.code == 0
    assert set(table["changed"]) == {"views", "caption", "published_at"}
    assert table["changed"]["published_at"] == table["rows"] > 50
    assert dump(project.warehouse) == before
    assert sandbox.requests()["total"] == 0


def test_a_right_warehouse_is_left_as_it_is(project):
    """Nothing to do is nothing done, and what is left alone is said."""
    before = dump(project.warehouse)

    ran = project.social("reprocess")

    assert ran.code == 0
    assert "0 cells changed" in ran.messages[-1]
    assert "no payload of their own" in ran.messages[-1]
    assert dump(project.warehouse) == before


def test_an_alias_that_is_declared_later_fills_what_was_served_before(
    new_project, new_sandbox, monkeypatch
):
    """The provider calls views something that the declaration does not know yet: the column is
    NULL, the payload has it; the declaration learns the name; no request is sent."""
    sandbox = new_sandbox(accounts=4, posts=12)
    account = sandbox.account("public")
    patches = [
        {"pointer": "posts.*.views", "drop": True},
        {"pointer": "posts.*.play_total", "json": "4711"},
    ]
    sandbox.fault("patch", f"/analytics/accounts/{account}$", patches=patches)
    project = new_project(sandbox)
    assert project.sync("--accounts", account, "-s", "tokportal.drilldown").code == 0
    sql = "select count(*), count(views), min(views) from tracked_posts"
    (before,) = project.query(sql)
    assert before[0] > 0 == before[1]
    table = sources.get("tokportal").DATA_TABLES[2]
    assert table.name == "tracked_posts"
    views = replace(table.by_name["views"], aliases=("views", "play_total"))
    columns = tuple(views if column.name == "views" else column for column in table.columns)
    monkeypatch.setattr(sources.get("tokportal"), "DATA_TABLES", (replace(table, columns=columns),))
    sandbox.count_anew()

    ran = reprocess_here(project)

    assert ran["tables"][0]["changed"] == {"views": before[0]}
    assert project.query(sql) == [(before[0], before[0], 4711)]
    assert sandbox.requests()["total"] == 0


def reprocess_here(project):
    """The command in this process, where a test can change a declaration or the size of a span."""
    env = {"DESTINATION__DUCKDB__CREDENTIALS": str(project.warehouse)}
    if project.url:
        env = {"DESTINATION__POSTGRES__CREDENTIALS": project.url, "SOCIAL_TARGET": "postgres"}
    ran = CliRunner().invoke(app, ["reprocess", "--json"], env=env)
    assert ran.exit_code == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_column_of_which_the_payload_does_not_speak_keeps_its_value(project):
    """What a plan no longer shows was carried from an earlier answer; a key never changes."""
    without = "json_merge_patch(payload, '{\"views\": null}')"
    change(project, f"update tracked_posts set payload = {without}, likes = null")
    views = project.query("select tracked_post_id, views from tracked_posts order by 1")

    assert project.social("reprocess", "-s", "tokportal.tracked_posts").code == 0

    assert project.query("select tracked_post_id, views from tracked_posts order by 1") == views
    assert project.query("select count(likes) > 0 from tracked_posts") == [(True,)]


def test_a_row_that_cannot_be_typed_is_named_and_stays(project):
    """Nothing is lost: the row stays as it is, and sync_rejects says why, once."""
    change(
        project,
        """update comments set payload = json_merge_patch(payload, '{"likes": "1.2K"}')
           where comment_id = (select min(comment_id) from comments)""",
    )
    before = project.query("select * from comments order by comment_id")

    ran, again = (project.social("reprocess", "-s", "tokportal.comments") for _ in range(2))

    reasons = "select table_name, reason, count(*) from sync_rejects group by all"
    assert (ran.code, again.code) == (0, 0)
    assert "1 rows cannot be typed" in ran.messages[-1]
    assert project.query("select * from comments order by comment_id") == before
    ((table, reason, times),) = project.query(reasons)
    assert (table, times) == ("comments", 1)
    assert "likes" in reason


@pytest.mark.parametrize("size", [7])
def test_spans_cover_every_row_once(project, monkeypatch, size):
    """However small the spans, the rows are those of the table."""
    before = dump(project.warehouse)
    change(project, UNTYPED, "update comments set text = null")
    monkeypatch.setattr(reread.spans, "__defaults__", (size,))

    ran = reprocess_here(project)

    rows = {table["table"]: table["rows"] for table in ran["tables"] if table["rows"]}
    assert rows["comments"] == project.query("select count(*) from comments")[0][0]
    assert dump(project.warehouse) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stop_in_the_middle_costs_nothing(project, number):
    """What was committed stays; the next run does the rest."""
    before = dump(project.warehouse)
    change(project, UNTYPED, "update comments set text = null")
    running = project.start("reprocess")
    said = running.stderr
    running.wait_until(lambda: "tracked_posts" in said.read_text(), "a table is done")
    running.signal(number)
    stopped = running.wait()

    again = project.social("reprocess")

    assert stopped.code in (143, -9)
    assert again.code == 0
    assert dump(project.warehouse) == before


@pytest.mark.slow
def test_postgres_is_typed_again_likewise(new_project, sandbox, postgres):
    """All column types travel: text, numbers, times, days, JSON."""
    project = new_project(sandbox, postgres=postgres)
    assert project.sync().code == 0
    before = dump(project.url)
    for table, names in {
        "tracked_posts": ("views", "caption", "published_at", "engagement_rate_reported"),
        "accounts": ("banned", "username"),
        "account_insights": ("derived_stats",),
        "comments": ("text", "likes"),
    }.items():
        project.query(f"update {table} set {', '.join(f'{name} = null' for name in names)}")

    ran = project.social("reprocess", "--json")

    changed = {t["table"]: set(t["changed"]) for t in ran.result["tables"] if t["changed"]}
    assert ran.code == 0
    assert changed["account_insights"] == {"derived_stats"}
    assert "banned" in changed["accounts"]
    assert dump(project.url) == before


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_column_gets_the_type_that_it_is_declared_with(new_project, sandbox, engine, request):
    """As after a declaration said text and now says a number: values stay, syncs go on."""
    server = request.getfixturevalue("postgres") if engine == "postgres" else None
    project = new_project(sandbox, postgres=server)
    assert project.sync("-s", "tokportal.drilldown").code == 0
    change_type = "alter table tracked_posts alter column likes type varchar"
    project.query(change_type) if server else change(project, change_type)
    sql = (
        "select lower(data_type) from information_schema.columns where table_schema = 'tokportal'"
        " and table_name = 'tracked_posts' and column_name = 'likes'"
    )
    likes = "select tracked_post_id, cast(likes as bigint) from tracked_posts order by 1"
    before = project.query(likes)

    ran = project.social("reprocess", "-s", "tokportal.tracked_posts", "--json")

    (table,) = [t for t in ran.result["tables"] if t["table"] == "tracked_posts"]
    assert ran.code == 0
    assert table["retyped"] == ["likes"]
    assert project.query(sql) == [("bigint",)]
    assert project.query(likes) == before
    assert project.sync("-s", "tokportal.drilldown").code == 0
