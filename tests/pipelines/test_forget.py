"""`social forget`, `[privacy]` and `[retention]`: what is erased is gone from every file and stays
gone."""

import hashlib
import re
from collections import Counter

import duckdb
import pytest


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=12, days=20)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def full(request, new_project, sandbox):
    """A warehouse; on DuckDB with marts, a published copy, Parquet and a report."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    project = new_project(sandbox, postgres=server, providers=("tokportal", "tokfluence"))
    project.env["SOURCES__TOKFLUENCE__POSTS_FROM"] = '["tokportal"]'
    project.server = server
    if server:
        assert project.sync().code == 0
    else:
        assert project.sync(SOCIAL_NO_TRANSFORM="").code == 0
        assert project.social("publish", "--parquet", str(project.folder / "parquet")).code == 0
        assert project.social("report", "--days", "300").code == 0
    return project


@pytest.fixture(scope="module")
def plain(new_project, sandbox):
    """A DuckDB file without marts."""
    project = new_project(sandbox)
    assert project.sync().code == 0
    return project


def bytes_of(project, name):
    """Files below the project, and of its Postgres server, that hold a name; not what the commands
    of this test were given and printed."""
    folders = [project.folder]
    if project.server:  # which has databases of other tests too
        ((oid,),) = project.query("select oid from pg_database where datname = current_database()")
        data = project.server.folder / "data"
        folders += [data / "base" / str(oid), data / "global", data / "pg_wal"]
    return [
        str(file)
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and file.parent.name != "said" and name.encode() in file.read_bytes()
    ]


def columns_with(project, name):
    """Tables with a row that mentions a name: DuckDB may compress what its file holds."""
    sql = "select table_schema, table_name from information_schema.tables where table_schema not in"
    found = []
    for schema, table in project.query(f"{sql} ('information_schema', 'pg_catalog')"):
        text = "t::text like" if project.url else "t::varchar like"
        if project.query(
            f"""select 1 from "{schema}"."{table}" t where {text} '%{name}%' limit 1"""
        ):
            found.append(f"{schema}.{table}")
    return found


def authors(project, schema="tokportal"):
    sql = (
        f"select author_username, count(*) from {schema}.comments where author_username is not null"
    )
    return Counter(dict(project.query(f"{sql} group by 1 order by 1")))


def test_an_author_is_gone_from_every_file_and_does_not_come_back(full, sandbox):
    project = full
    sql = "select author_username from tokportal.comments where author_username is not null"
    name = project.query(f"{sql} order by 1 limit 1")[0][0]
    others = sum(authors(project).values()) - authors(project)[name]
    assert columns_with(project, name)
    assert bytes_of(project, name)

    refused = project.social("forget", "--author", name)
    assert refused.code == 2
    assert "tokportal.comments" in refused.stderr
    assert authors(project)[name]

    done = project.social("forget", "--author", f"@{name.upper()}", "--yes")

    assert done.code == 0, done.stderr
    if project.server:  # its write-ahead log is the server's own; a checkpoint ends it
        project.server.run("checkpoint")
        project.server.run("select pg_switch_wal()")
        project.server.run("checkpoint")
    assert bytes_of(project, name) == []
    if not project.server:
        assert list((project.folder / "parquet" / "current").iterdir())
        published = project.folder / "published.duckdb"
        with duckdb.connect(str(published), read_only=True) as connection:
            assert connection.execute("select count(*) from marts.fct_comment").fetchone()[0] > 0
    steps = (["reprocess"], ["sync"], ["sync", "--full-refresh"])
    for step in steps:
        sandbox.advance(hours=1)
        assert project.social(*step).code == 0
        assert columns_with(project, name) == [], step
    assert sum(authors(project).values()) >= others
    assert project.social("verify").code == 0


def test_an_account_is_gone_and_is_not_asked_again(plain, sandbox):
    project = plain
    account = sandbox.accounts()[1]

    assert project.social("forget", "--account", account, "--yes").code == 0
    asked = len(sandbox.log())
    assert project.sync("--full-refresh").code == 0

    assert not [entry for entry in sandbox.log()[asked:] if account in entry["path"]]
    for table in ("accounts", "tracked_posts", "daily_series", "account_raw_snapshots"):
        sql = f"select count(*) from tokportal.{table} where account_id = '{account}'"
        assert project.query(sql) == [(0,)], table
    assert project.query("select count(*) from tokportal.accounts") == [(2,)]
    assert project.social("verify").code == 0
    assert project.social("status").code == 0


def test_old_comments_are_gone_and_stay_gone(plain):
    project = plain
    oldest = "select min(published_at), max(published_at) from tokportal.comments"
    before, newest = project.query(oldest)[0]
    assert (newest - before).days > 5

    assert project.social("forget", "--comments-older-than", "5d", "--yes").code == 0
    after = project.query(oldest)[0][0]
    assert project.sync("--full-refresh").code == 0

    assert after > before
    assert project.query(oldest)[0][0] == after


@pytest.mark.parametrize(
    "words",
    [(), ("--author", "a", "--account", "b"), ("--comments-older-than", "soon"), ("--author", "@")],
)
def test_a_wrong_request_changes_nothing(plain, words):
    before = authors(plain)

    assert plain.social("forget", *words, "--yes").code == 2
    assert authors(plain) == before


def test_authors_are_hashed_and_columns_dropped_also_in_rows_that_were_there(new_project, sandbox):
    project = new_project(sandbox)
    assert project.sync().code == 0
    names = set(authors(project))
    rows = project.query("select count(*) from comments")
    settings = {
        "PRIVACY__HASH_AUTHORS": "true",
        "PRIVACY__SALT": "a salt that is long enough",
        "PRIVACY__DROP": "tokportal.tracked_posts.caption",
    }
    project.env |= settings

    assert project.sync("--full-refresh").code == 0
    idle = project.sync()

    hashed = set(authors(project))
    assert all(re.fullmatch(r"h:[0-9a-f]{40}", name) for name in hashed)
    assert len(hashed) == len({name.lower() for name in names})
    assert project.query("select count(*) from comments") == rows
    assert project.query("select count(caption) from tracked_posts") == [(0,)]
    payloads = project.query("select payload::varchar from comments")
    assert not [text for (text,) in payloads for name in list(names)[:5] if name in text]
    captions = "select count(*) from tracked_posts where payload::varchar like '%caption%'"
    assert project.query(captions) == [(0,)]
    changed = {s: t["changed"] for s, t in idle.result["providers"]["tokportal"]["streams"].items()}
    assert changed.get("comments", 0) == 0
    assert changed.get("drilldown", 0) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PRIVACY__HASH_AUTHORS": "true"}, "salt"),
        ({"PRIVACY__DROP": "tokportal.comments.nothing"}, "tokportal.comments.nothing"),
        ({"PRIVACY__DROP": "tokportal.comments.comment_id"}, "key"),
        ({"RETENTION__COMMENTS_DAYS": "many"}, "comments_days"),
    ],
)
def test_a_wrong_setting_is_named_before_any_request(new_project, sandbox, settings, said):
    project = new_project(sandbox, **settings)
    sandbox.count_anew()

    ran = project.sync()

    assert ran.code == 2
    assert said in ran.stderr
    assert sandbox.requests()["total"] == 0


def test_retention_deletes_old_rows_and_does_not_load_them_again(new_project, sandbox):
    project = new_project(sandbox)
    assert project.sync().code == 0
    spans = (
        "select min(captured_at), max(captured_at), (select min(published_at) from comments)"
        " from post_raw_snapshots"
    )
    raw, newest, comment = project.query(spans)[0]
    assert (newest - raw).days > 10
    project.env |= {"RETENTION__RAW_DAYS": "10", "RETENTION__COMMENTS_DAYS": "4"}

    assert project.sync("--full-refresh").code == 0

    assert project.query(spans)[0][0] > raw
    assert project.query(spans)[0][2] > comment
    verified = project.social("verify")
    assert verified.code == 0, verified.stdout


def test_the_author_hash_of_the_marts_is_salted(full):
    """A guess cannot be confirmed by hashing it; the same author has the same hash."""
    if full.server:
        pytest.skip("the marts of this test are on DuckDB")
    ((salt,),) = full.query("select subject from tokportal.privacy_rules where kind = 'salt'")
    rows = full.query(
        "select c.author_username, f.author_hash from marts.fct_comment f join tokportal.comments c"
        " on f.comment_key = 'tokportal:default:' || c.comment_id where author_username is not null"
    )

    assert rows
    assert {hashed for _, hashed in rows} == {
        hashlib.sha256((salt + name.lower()).encode()).hexdigest() for name, _ in rows
    }
