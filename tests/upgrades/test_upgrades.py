"""A warehouse of an older version is migrated, then goes on as if this version had made it."""

import json
import lzma
import subprocess
import sys
from pathlib import Path

import duckdb
import psycopg2
import pytest
from oracle.dump import dump, without_moments

from pipelines.destinations.migrations import VERSION

PROVIDERS = ("tokportal", "genviral", "tokfluence")
WAREHOUSES = Path(__file__).parent / "warehouses"
COMMITS = ("3818630", "101c9e2", "6a6d478", "61c22e5")
# Beside the ledgers, the salt of the privacy rules is each warehouse's own.
LEDGER = (
    "privacy_rules",
    "sync_",
    "verify_findings",
    "credit_ledger",
    "post_marks",
    "bundle_marks",
)


def load(project, name):
    """Put a file of warehouses/ where the project's warehouse is."""
    text = lzma.decompress((WAREHOUSES / f"{name}.sql.xz").read_bytes()).decode()
    if project.url:
        with psycopg2.connect(project.url) as connection, connection.cursor() as cursor:
            cursor.execute(text)
        connection.close()
        return
    with duckdb.connect() as connection:
        connection.execute(f"attach '{project.warehouse}' as w (storage_version 'v1.4.0'); use w")
        connection.execute(f"begin; {text} commit")


def contents(project):
    """Rows of the data tables as text, without what differs from reading to reading."""
    where = project.url or project.warehouse
    return {
        f"{provider}.{table}": {without_moments(line) for line in lines}
        for provider in PROVIDERS
        for table, lines in dump(where, provider).items()
        if not table.startswith(LEDGER)
    }


def without_payload_of_pulse(tables):
    """The same tables; of the comment pulse the typed columns alone."""
    name = "tokportal.comment_pulse_snapshots"
    rows = (json.loads(line) for line in tables[name])
    typed = ({column: row[column] for column in row if column != "payload"} for row in rows)
    return tables | {name: {json.dumps(row, sort_keys=True) for row in typed}}


def version(project):
    return project.query("select max(version) from social.schema_version")[0][0]


def events(ran, name):
    return [event for event in ran.events if event["event"] == name]


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    """The world of the files, on the day after their first sync."""
    return new_sandbox(accounts=3, posts=9, days=8)


@pytest.fixture(scope="module")
def settings():
    return {
        "providers": PROVIDERS,
        "SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal",
        "SOCIAL_EXCLUDE": "tokfluence.comments",
    }


@pytest.fixture(scope="module")
def fresh(new_project, sandbox, settings):
    """What this version makes from nothing, with a sync on each of the two days."""
    project = new_project(sandbox, **settings)
    assert project.sync().code == 0
    sandbox.advance(days=1)
    assert project.sync().code == 0
    return contents(project)


@pytest.fixture(scope="module")
def newcomer(new_project, fresh, sandbox, settings):
    """What this version makes from nothing on the second day alone."""
    project = new_project(sandbox, **settings)
    assert project.sync().code == 0
    return contents(project)


@pytest.fixture
def old(new_project, fresh, sandbox, settings, request):
    """Makes a project whose warehouse an older version made."""

    def make(commit, engine="duckdb"):
        server = request.getfixturevalue("postgres") if engine == "postgres" else None
        project = new_project(sandbox, postgres=server, **settings)
        native = f"{commit}-{engine}"
        load(project, native if (WAREHOUSES / f"{native}.sql.xz").exists() else commit)
        return project

    return make


@pytest.mark.parametrize(
    ("commit", "engine", "marts"),
    [
        ("3818630", "duckdb", True),
        ("101c9e2", "duckdb", False),
        ("6a6d478", "duckdb", False),
        ("61c22e5", "duckdb", False),
        ("3818630", "postgres", False),
        pytest.param("101c9e2", "duckdb", True, marks=pytest.mark.slow),
        pytest.param("61c22e5", "duckdb", True, marks=pytest.mark.slow),
        *(pytest.param(commit, "postgres", True, marks=pytest.mark.slow) for commit in COMMITS),
    ],
)
def test_sync_migrates_and_ends_where_a_new_warehouse_ends(
    commit, engine, marts, old, fresh, newcomer
):
    """No row is lost or invented, every rule holds, and the marts are built."""
    project = old(commit, engine)
    before = contents(project)

    ran = project.sync(**{"SOCIAL_NO_TRANSFORM": ""} if marts else {})

    assert ran.code == 0, ran.stderr
    assert version(project) == VERSION
    (migrated,) = events(ran, "warehouse.migrated")
    assert (migrated["from_version"], migrated["to_version"]) == (0, VERSION)
    after = contents(project)
    assert after.keys() == fresh.keys()
    if commit == "101c9e2":  # it kept less of the pulse's payload than was served
        fresh, newcomer, after = map(without_payload_of_pulse, (fresh, newcomer, after))
    # Of a table that the older version did not have, only the second day could be read.
    right = {table: (fresh if before.get(table) else newcomer)[table] for table in fresh}
    assert {t: after[t] ^ right[t] for t in right if after[t] != right[t]} == {}
    if marts:
        assert ran.result["transform"]["broken"] == []
        assert project.query("select count(*) from marts.dim_post") > [(0,)]
    before_again = contents(project)
    again = project.sync()
    assert again.code == 0
    assert events(again, "warehouse.migrated") == []
    assert contents(project) == before_again


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def test_migrated_warehouse_breaks_no_rule(engine, old):
    """`social verify` finds nothing broken, and a second run has nothing to migrate."""
    project = old("3818630", engine)

    listed = project.social("migrate", "-n", "--json")
    assert listed.code == 0
    assert [each["version"] for each in listed.result["migrations"]] == [*range(1, VERSION + 1)]
    assert "would be migrated from schema version 0" in listed.stderr
    assert project.query("select 1 from pg_catalog.pg_tables where schemaname = 'social'") == []

    ran = project.social("migrate")
    assert ran.code == 0
    assert f"migrated from schema version 0 to {VERSION}" in ran.stderr
    built = project.social("transform")  # before a sync adds the new columns
    assert built.code == 0, built.stderr
    assert project.sync().code == 0
    assert project.social("verify").code == 0
    assert "Nothing to do" in project.social("migrate").stderr


READERS = (
    "status",
    "verify",
    "plan",
    "transform",
    "report -o page.html",
    "query 'select 1'",
    "check",
    "reprocess",
    "backfill --since 2026-05-01 --until 2026-05-02",
)

EACH = """
import shlex, sys
from typer.testing import CliRunner
from pipelines.cli import app
for command in sys.argv[1:]:
    ran = CliRunner().invoke(app, shlex.split(command))
    print(ran.exit_code, ran.output.replace(chr(10), " "), flush=True)
"""


def each(project, *commands):
    """Exit code and output of each command, run one after another in one child process."""
    ran = subprocess.run(
        [sys.executable, "-c", EACH, *commands],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [line.partition(" ") for line in ran.stdout.splitlines()]
    return {c: (int(code), said) for c, (code, _, said) in zip(commands, lines, strict=True)}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_commands_that_only_read_ask_for_the_migration(engine, old):
    """They exit 2 and name the command; the warehouse keeps its version and its rows."""
    project = old("101c9e2", engine)
    before = contents(project)
    commands = (*READERS, *(["publish"] if engine == "duckdb" else []))

    ended = each(project, *commands)

    assert {command for command, (code, _) in ended.items() if code != 2} == set()
    assert {
        command for command, (_, said) in ended.items() if "social migrate" not in said
    } == set()
    versions = "select 1 from pg_catalog.pg_tables where tablename = 'schema_version'"
    assert project.query(versions) == []
    assert contents(project) == before


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_every_command_refuses_a_newer_warehouse(engine, old):
    """Exit 2 before anything is written or asked: also by sync and migrate."""
    project = old("61c22e5", engine)
    assert project.social("migrate").code == 0
    _write(project, "insert into social.schema_version values (99, 'later', now())")
    before = contents(project), _workers(project)
    commands = (*READERS, "sync", "migrate", "migrate -n")

    ended = each(project, *commands, *(["publish"] if engine == "duckdb" else []))

    assert {command for command, (code, _) in ended.items() if code != 2} == set()
    assert {command for command, (_, said) in ended.items() if "newer" not in said} == set()
    assert (contents(project), _workers(project)) == before


def _write(project, sql):
    if project.url:
        project.query(sql)
        return
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(sql)


def _workers(project):
    return project.query("select * from social.workers") if project.url else []


def test_new_warehouse_has_the_version_of_the_program(new_project, sandbox, postgres):
    """Nothing is migrated in it."""
    for server in (None, postgres):
        project = new_project(sandbox, postgres=server)

        ran = project.sync("-s", "tokportal.accounts")

        assert ran.code == 0
        assert events(ran, "warehouse.migrated") == []
        sql = "select version, name from social.schema_version"
        assert project.query(sql) == [(VERSION, "created")]


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from pipelines.cli import main
from pipelines.destinations.warehouse import Warehouse
begin, left = Warehouse.alone, int(sys.argv.pop())

@contextmanager
def killed(warehouse):
    with begin(warehouse) as execute:
        def counted(*arguments):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*arguments)
        yield counted

Warehouse.alone = killed
main()
"""


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
@pytest.mark.parametrize("statements", [5, pytest.param(0, marks=pytest.mark.slow)])
def test_kill_in_a_migration_leaves_the_version_before_it(engine, statements, old):
    """A migration is one transaction: half of it is never there, and it can be run again."""
    project = old("101c9e2", engine)
    before = contents(project)
    nullable = (
        "select count(*) from information_schema.columns where column_name = '_dlt_load_id'"
        " and is_nullable = 'NO'"
    )
    not_null = project.query(nullable)

    ran = subprocess.run(
        [sys.executable, "-c", KILLED, "migrate", str(statements)],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
    )

    assert ran.returncode == -9
    assert project.query("select 1 from pg_catalog.pg_tables where schemaname = 'social'") == []
    assert project.query(nullable) == not_null
    assert contents(project) == before
    assert project.social("migrate").code == 0
    assert version(project) == VERSION
    assert project.query(nullable) != not_null


@pytest.mark.slow
def test_of_two_shards_one_migrates(old):
    """Both end with exit 0, and the migration was applied once."""
    project = old("101c9e2", "postgres")

    running = [project.start("sync", "--json", "--shard", f"{i}/2") for i in range(2)]

    assert [one.wait().code for one in running] == [0, 0]
    assert project.query("select version from social.schema_version") == [(VERSION,)]
