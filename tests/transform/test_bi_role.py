"""The role for dashboards on Postgres: what the script gives it, and what `social check` says."""

import psycopg2
import pytest

from pipelines.destinations.grants import script


@pytest.fixture(scope="module")
def project(new_project, postgres):
    """The script's roles, and a mart that the loader made after it was run."""
    made = new_project(postgres=postgres, schema="marts")
    made.database = made.url.rsplit("/", 1)[1]
    passwords = [
        f"alter role {r} password '{postgres.password}'" for r in ("social_loader", READER)
    ]
    for statement in (script(["tokportal"]), script(["tokportal"]), *passwords):
        postgres.run(statement, database=made.database)
    made.loader = postgres.url(made.database, "social_loader")
    made.env["DESTINATION__POSTGRES__CREDENTIALS"] = made.loader
    _run(made.loader, "create table marts.dim_post as select 1 as id")
    return made


READER = "bi_reader"


def _run(url, sql):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def bi(project):
    """What `social check` says of the role for dashboards."""
    (found,) = [one for one in project.social("check", "--json").result if one["what"] == "bi"]
    return found


def test_it_reads_marts_within_a_minute_in_utc_and_writes_nothing(project, postgres):
    reader = postgres.url(project.database, READER)

    assert bi(project)["state"] == "ok"
    assert _run(reader, "select id from dim_post") == [(1,)]
    assert _run(reader, "show statement_timeout") == [("1min",)]
    assert _run(reader, "show timezone") == [("UTC",)]
    for refused in ("insert into dim_post values (2)", "create table marts.other (a int)"):
        with pytest.raises(psycopg2.Error, match="read-only transaction"):
            _run(reader, refused)
        with pytest.raises(psycopg2.Error, match="permission denied"):
            _run(reader, f"set transaction read write; {refused}")


def test_a_right_that_is_missing_is_named_with_its_grant(project, postgres):
    """The loader's URL is another role than the script knows: its marts are hidden from BI."""
    postgres.run("create table marts.made_by_hand as select 1", database=project.database)
    postgres.run("drop table marts.dim_post", database=project.database)

    found = bi(project)
    assert found["state"] == "note"
    grants = [f"{statement};" for statement in found["remedy"].split(";") if statement.strip()]
    assert len(grants) == 2
    for statement in grants:
        postgres.run(statement, database=project.database)
    assert bi(project)["state"] == "ok"
    assert _run(postgres.url(project.database, READER), "select * from made_by_hand") == [(1,)]
