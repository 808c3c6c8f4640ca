"""DuckDB and Postgres hold the same, day after day, and explain themselves alike."""

import pytest
from oracle import differences
from oracle.dump import dump

from pipelines.destinations import ddl
from pipelines.schema import declared

TABLES = declared()["tokportal"]
PROVIDERS = ("tokportal", "genviral", "tokfluence")
POSTS_FROM = {"SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal"}


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=80)


@pytest.fixture(scope="module")
def project(new_project, sandbox):
    return new_project(sandbox, providers=PROVIDERS, **POSTS_FROM)


@pytest.fixture(scope="module")
def on_postgres(new_project, sandbox, postgres):
    return new_project(sandbox, providers=PROVIDERS, postgres=postgres, **POSTS_FROM)


@pytest.fixture(scope="module")
def days(sandbox, project, on_postgres, truth):
    """A first sync, a next day and an idle one: how both ended, and both dumps each time."""
    met = []
    for day in ("first", "next", "idle"):
        ended = [one.sync() for one in (project, on_postgres)]
        truth.observe()
        met.append((ended, dumps(project.warehouse), dumps(on_postgres.url)))
        if day == "first":
            sandbox.advance(days=1)
    return met


def dumps(warehouse):
    return {
        f"{provider}.{table}": lines
        for provider in PROVIDERS
        for table, lines in dump(warehouse, provider).items()
        if table != "credit_ledger"  # of the key's wallet, from which both projects pay
    }


@pytest.mark.parametrize("day", [0, 1, 2])
def test_both_engines_hold_the_same(days, day):
    """The canonical dumps are equal, line by line."""
    ended, in_duckdb, in_postgres = days[day]

    assert [ran.code for ran in ended] == [0, 0]
    assert in_duckdb.keys() == in_postgres.keys()
    assert [table for table in in_duckdb if in_duckdb[table] != in_postgres[table]] == []


def test_what_both_hold_is_the_truth(days, project, truth):
    assert differences(truth, project.warehouse) == []


def test_idle_sync_writes_nothing_on_postgres(days, on_postgres):
    written = on_postgres.query("select rows_written from sync_runs order by started_at")

    assert [count for (count,) in written][-1] == 0
    assert days[1][2]["tokportal.post_snapshots"] == days[2][2]["tokportal.post_snapshots"]


def test_every_key_has_a_unique_index(days, on_postgres):
    sql = "select tablename, indexdef from pg_indexes where schemaname = 'tokportal'"
    unique = {
        (table, tuple(said.split("(")[1].rstrip(")").split(", ")))
        for table, said in on_postgres.query(sql)
        if said.startswith("CREATE UNIQUE INDEX")
    }

    assert {(table.name, table.merge_key) for table in TABLES} <= {
        (name, tuple(column.strip('"') for column in columns)) for name, columns in unique
    }


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_every_table_and_column_is_explained(days, project, on_postgres, engine):
    """As comments in the database, where BI tools show them."""
    sql = {
        "duckdb": "select table_name, null, comment from duckdb_tables()"
        " where schema_name = 'tokportal' union all"
        " select table_name, column_name, comment from duckdb_columns()"
        " where schema_name = 'tokportal'",
        "postgres": "select c.relname, a.attname, d.description from pg_description d"
        " join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass"
        " join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'tokportal'"
        " left join pg_attribute a"
        " on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0",
    }[engine]
    where = project if engine == "duckdb" else on_postgres
    said = {(table, column): text for table, column, text in where.query(sql)}

    missing = [
        (table.name, column)
        for table in TABLES
        for column, text, _ in ddl.comments("tokportal", table)
        if said.get((table.name, column)) != text
    ]

    assert missing == []


def test_comment_and_index_that_somebody_spoilt_are_made_again(days, on_postgres):
    """And an index that somebody added is left alone."""
    on_postgres.query("comment on column accounts.username is 'nonsense'")
    (name,) = next(
        iter(
            on_postgres.query(
                "select indexname from pg_indexes where tablename = 'accounts'"
                " and indexdef like 'CREATE UNIQUE%'"
            )
        )
    )
    on_postgres.query(f"drop index {name}")
    on_postgres.query("create index own on accounts (country)")

    assert on_postgres.sync("-s", "tokportal").code == 0

    made = on_postgres.query("select indexname from pg_indexes where tablename = 'accounts'")
    said = on_postgres.query(
        "select col_description('accounts'::regclass, attnum) from pg_attribute"
        " where attrelid = 'accounts'::regclass and attname = 'username'"
    )
    assert {(name,), ("own",)} <= set(made)
    assert said != [("nonsense",)]


def test_json_is_json_and_times_are_utc(days, on_postgres):
    kinds = dict(
        on_postgres.query(
            "select column_name, data_type from information_schema.columns"
            " where table_name = 'post_raw_snapshots'"
        )
    )

    assert (kinds["raw"], kinds["captured_at"]) == ("json", "timestamp with time zone")


@pytest.mark.parametrize("command", [("status", "--json"), ("verify",), ("check",)])
def test_commands_that_read(days, on_postgres, command):
    ran = on_postgres.social(*command)

    assert ran.code == 0, ran.stderr


def test_status_tells_the_size_of_the_cursors(days, on_postgres):
    told = on_postgres.social("status", "--json").result["providers"]
    (state,) = told["tokportal"]["states"]

    assert state["pipeline_name"] == "tokportal"
    assert state["bytes"] > 0
