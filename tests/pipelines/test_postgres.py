"""What stands in the way of a Postgres warehouse is said in one message; nothing is lost by it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest
from oracle.dump import dump
from postgres_server import PostgresServer

from pipelines.destinations.address import Address
from pipelines.destinations.grants import script
from pipelines.exits import Stop

SECRET = "s3cret5e1fd07"


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=4, posts=24)


@pytest.fixture
def project(new_project, sandbox, postgres):
    sandbox.clear_faults()
    sandbox.count_anew()
    return new_project(sandbox, postgres=postgres)


@pytest.fixture(scope="module")
def right(new_project, sandbox):
    """What an undisturbed sync makes."""
    project = new_project(sandbox)
    assert project.sync("-s", "tokportal").code == 0
    return dump(project.warehouse)


def one_message(ran, *words):
    """Exactly one line for people, with these words; no traceback anywhere."""
    assert len(ran.messages) == 1, ran.stderr
    assert [word for word in words if word not in ran.messages[0]] == []
    assert "Traceback" not in ran.stdout + ran.stderr
    return True


def lost(project, right):
    """How many rows of an undisturbed sync are not there, by table; ledgers tell of the runs."""
    held = dump(project.url)
    missing = {table: len(set(rows) - set(held[table])) for table, rows in right.items()}
    return {t: n for t, n in missing.items() if n and not t.startswith("sync_")}


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_every_text_is_refused(
    new_project, sandbox, postgres, encoding
):
    """By `check`, and by a sync before it asks anything."""
    name = f"in_{encoding.lower()}"
    postgres.run(
        f"create database {name} encoding '{encoding}' template template0"
        " lc_collate 'C' lc_ctype 'C'"
    )
    project = new_project(
        sandbox,
        DESTINATION__POSTGRES__CREDENTIALS=postgres.url(name),
        SOCIAL_TARGET="postgres",
    )
    sandbox.count_anew()

    checked, ran = project.social("check"), project.sync()

    assert (checked.code, ran.code) == (2, 2)
    assert one_message(ran, f"a database in {encoding}", "encoding 'UTF8'")
    assert f"a database in {encoding}" in checked.stdout
    assert sandbox.requests()["total"] == 0


def test_the_client_speaks_utf8_whatever_is_set(project, postgres, right):
    """By the environment, the URL and the database."""
    name = project.url.rpartition("/")[2]
    postgres.run(f"alter database {name} set client_encoding = 'LATIN1'")

    ran = project.sync(
        "-s",
        "tokportal",
        PGCLIENTENCODING="LATIN1",
        DESTINATION__POSTGRES__CREDENTIALS=f"{project.url}?client_encoding=LATIN1",
    )
    postgres.run(f"alter database {name} reset client_encoding")  # the test reads in UTF-8 too

    assert (ran.code, lost(project, right)) == (0, {})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        f"postgresql://{SECRET}@/",
        f"mysql://u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}@127.0.0.1:99999/d",
        f"postgresql://:{SECRET}@h/d",
        f"postgresql://u:{SECRET}@h",
    ],
)
def test_address_that_is_none(url):
    """Exit 2 naming the setting, without the password."""
    with pytest.raises(Stop) as stopped:
        Address.parse(url)

    assert stopped.value.code == 2
    assert "DESTINATION__POSTGRES__CREDENTIALS" in stopped.value.message + stopped.value.remedy
    assert SECRET not in stopped.value.message + stopped.value.remedy


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("postgresql://u:p@warehouse.example/d", "sslmode=verify-full"),
        ("postgres://u:p@warehouse.example/d?sslmode=require", "sslmode=require"),
        ("postgresql://u:p@127.0.0.1/d", ""),
        ("postgresql://u:p@[::1]:5433/d", ""),
    ],
)
def test_password_leaves_the_machine_encrypted_alone(url, encrypted):
    address = Address.parse(url)

    assert encrypted in address.url
    assert bool(encrypted) == ("sslmode" in address.url)
    assert ":p@" not in address.shown + repr(address)


@pytest.mark.parametrize(
    ("user", "database", "port", "code", "words"),
    [
        ("nobody_here", "postgres", 0, 2, "password is refused"),
        ("postgres", "nowhere", 0, 2, "the database does not exist"),
        ("postgres", "postgres", 1, 6, "refused"),
    ],
)
def test_server_that_refuses(project, sandbox, postgres, user, database, port, code, words):
    """Naming the server, before anything is asked; and a password is in no output."""
    url = postgres.url(database, user)
    if port:
        url = url.replace(str(postgres.port), str(port))

    ran = project.social("sync", DESTINATION__POSTGRES__CREDENTIALS=url)

    assert ran.code == code
    assert one_message(ran, f"127.0.0.1:{port or postgres.port}/{database}", words)
    assert sandbox.requests()["total"] == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--target", "mysql"), "mysql"),
        (("--shard", "3/2"), "no shard 3 of 2"),
        (("--shard", "1"), "not a shard"),
        (("--shard", "0/2", "--target", "duckdb"), "one writer"),
    ],
    ids=" ".join,
)
def test_flag_that_means_nothing(project, sandbox, flags, words):
    ran = project.social("sync", *flags)

    assert ran.code == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert sandbox.requests()["total"] == 0


@pytest.mark.slow
def test_while_another_sync_runs(project, sandbox, right):
    """Exit 7 within 2 s, naming process, machine, run and time; a killed holder frees the lock."""
    sandbox.fault("slow", "/accounts", seconds=300)
    holder = project.start("sync", "--log-format", "json")
    holder.wait_until(lambda: sandbox.requests()["total"], "the first sync's first request")

    # The best of a few: a busy machine is no fault of the lock.
    second = min((project.social("sync") for _ in range(3)), key=lambda ran: ran.seconds)
    ruler = project.social("sync", "-s", "nobody").seconds
    holder.signal(signal.SIGKILL)
    run_id = holder.wait().events[0]["run_id"]
    sandbox.clear_faults()
    third = project.sync("-s", "tokportal")

    assert second.code == 7
    assert second.seconds < max(2, 2 * ruler)
    assert one_message(
        second, f"pid {holder.process.pid} on {os.uname().nodename}", run_id, "since 20"
    )
    assert third.code == 0
    assert lost(project, right) == {}


def test_run_that_was_overtaken_commits_nothing_more(project, sandbox, postgres, right):
    """A frozen run whose lock was lost wakes after another run: exit 7, and the rows are right."""
    sandbox.fault("slow", "/analytics/posts/.*/raw", seconds=0.2)
    frozen = project.start("sync", "--json", "-s", "tokportal")
    frozen.wait_until(lambda: sandbox.requests()["total"] > 5, "a few requests")
    frozen.signal(signal.SIGSTOP)
    cut(postgres, project, "advisory")
    sandbox.clear_faults()
    newer = project.sync("-s", "tokportal")
    after = dump(project.url)

    frozen.signal(signal.SIGCONT)
    ran = frozen.wait()

    assert newer.code == 0
    assert ran.code == 7, ran.stderr
    assert one_message(ran, "took the warehouse over")
    assert dump(project.url) == after
    assert lost(project, right) == {}


@pytest.mark.chaos
def test_connections_that_are_ended_in_mid_load(project, sandbox, postgres, right):
    """Exit 6 and one sentence; the next run adds what is missing."""
    running = project.start("sync", "--json", "-s", "tokportal")
    running.wait_until(lambda: loading(postgres, project), "a load under way")
    cut(postgres, project)
    ran = running.wait()

    again = project.sync("-s", "tokportal")

    assert ran.code == 6, ran.stderr
    assert one_message(ran, f"127.0.0.1:{postgres.port}", "What was committed is safe")
    assert again.code == 0
    assert lost(project, right) == {}


@pytest.mark.chaos
def test_server_that_is_stopped_and_started(project, sandbox, postgres, right):
    """Exit 6 while it is away; the next run goes on."""
    sandbox.fault("slow", "/analytics/posts/.*/raw", seconds=0.3)
    running = project.start("sync", "--json", "-s", "tokportal")
    running.wait_until(lambda: sandbox.requests()["total"] > 5, "a few requests")
    postgres.stop(at_once=True)
    try:
        ran, away = running.wait(), project.social("sync")
    finally:
        postgres.start()
    sandbox.clear_faults()

    assert (ran.code, away.code) == (6, 6), ran.stderr
    assert one_message(away, "refused")
    assert project.sync("-s", "tokportal").code == 0
    assert lost(project, right) == {}


@pytest.fixture
def small_disk():
    """A small disk, for a server of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    folder = Path(tempfile.mkdtemp(prefix="social-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        pytest.skip("no tmpfs can be mounted here")
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.chaos
def test_disk_of_the_server_that_is_full(new_project, sandbox, small_disk, postgres, right):
    """Exit 6 saying so; with room again, the next run adds what is missing."""
    sandbox.clear_faults()
    server = PostgresServer(postgres.password, small_disk)
    project = new_project(sandbox, postgres=server)
    try:
        assert project.sync("-s", "tokportal", "--accounts", sandbox.accounts()[0]).code == 0
        fill(small_disk)
        ran = project.sync("-s", "tokportal", "--full-refresh")
        (small_disk / "data" / "filler").unlink()
        again = project.sync("-s", "tokportal")

        assert ran.code == 6, ran.stderr
        assert one_message(ran, "disk is full")
        assert again.code == 0, again.stderr
        assert lost(project, right) == {}
    finally:
        project.url = ""  # the server is gone when the project is searched for keys
        server.close()


def fill(disk):
    """Leave a few pages."""
    with (disk / "data" / "filler").open("wb") as file:
        file.write(b"x" * (shutil.disk_usage(disk).free - 400_000))


@pytest.fixture
def loader(project, postgres):
    """The project with the role of the grants script; and the superuser's way in."""
    database = project.url.rsplit("/", 1)[1]
    with psycopg2.connect(project.url) as connection, connection.cursor() as cursor:
        cursor.execute(script(["tokportal"]))
        cursor.execute("alter role social_loader password %s", [postgres.password])
    url = postgres.url(database, "social_loader")
    project.env["DESTINATION__POSTGRES__CREDENTIALS"] = url
    return project


def test_role_without_rights_on_the_database_is_enough(loader, right):
    """The loader may not make schemas, and need not; the BI role sees marts alone."""
    checked = loader.social("check", "tokportal")
    ran = loader.sync("-s", "tokportal")

    assert checked.code == 0, checked.stdout
    assert ran.code == 0, ran.stderr
    assert lost(loader, right) == {}
    assert loader.query(
        "select has_database_privilege('social_loader', current_database(), 'create'),"
        " has_schema_privilege('bi_reader', 'tokportal', 'usage'),"
        " has_schema_privilege('bi_reader', 'marts', 'usage')"
    ) == [(False, False, True)]


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        ("drop schema tokportal_staging", 'create schema "tokportal_staging"'),
        (
            "revoke insert on tokportal.comments from social_loader",
            "grant select, insert, update, delete, truncate on all tables",
        ),
        ("alter table tokportal.accounts owner to postgres", 'alter table "tokportal".accounts'),
        ("revoke create on schema tokportal from social_loader", 'on schema "tokportal"'),
    ],
)
def test_right_that_is_missing(loader, sandbox, right, spoil, remedy):
    """check finds it before any request and prints the statement; after it, all is well."""
    assert loader.sync("-s", "tokportal", "--accounts", sandbox.accounts()[0]).code == 0
    if spoil.startswith("drop"):
        spoil += " cascade"
    loader.query(spoil)
    sandbox.count_anew()

    checked = loader.social("check", "tokportal")
    asked = sandbox.requests()["total"]
    found = next(line for line in checked.stdout.splitlines() if line.startswith("BAD"))
    ran, asked_by_sync = loader.sync("-s", "tokportal"), sandbox.requests()["total"]
    loader.query(found.split("→ ")[1])

    assert (checked.code, asked, asked_by_sync) == (2, 0, 0), checked.stdout
    assert remedy in found
    assert ran.code == 2, ran.stderr
    assert one_message(ran, "a right is missing", remedy)
    assert loader.social("check", "tokportal").code == 0
    assert loader.sync("-s", "tokportal").code == 0
    assert lost(loader, right) == {}


def loading(postgres, project):
    """Whether a statement of a load runs at this moment."""
    sql = (
        "select 1 from pg_stat_activity where datname = %s and state <> 'idle'"
        " and (query like 'COPY%%' or query like 'DELETE%%' or query like 'INSERT%%')"
    )
    return postgres.run(sql, project.url.rsplit("/", 1)[1])


def cut(postgres, project, lock=""):
    """End the connections of a project, or those alone that hold an advisory lock."""
    holders = "(select pid from pg_locks where locktype = 'advisory')"
    return postgres.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
        + (f" and pid in {holders}" if lock else ""),
        project.url.rsplit("/", 1)[1],
    )
