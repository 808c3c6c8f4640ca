"""What stands in the way of a Postgres warehouse is said in one message; nothing is lost by it."""

import os
import signal

import psycopg2
import pytest
from oracle.dump import dump

from pipelines.destinations.grants import script


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


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("", 2, ["DESTINATION__POSTGRES__CREDENTIALS"]),
        ("nonsense", 2, ["DESTINATION__POSTGRES__CREDENTIALS"]),
        ("postgresql://canary5e1fd07@/", 2, ["DESTINATION__POSTGRES__CREDENTIALS"]),
        ("mysql://u:canary5e1fd07@h/d", 2, ["DESTINATION__POSTGRES__CREDENTIALS"]),
        ("postgresql://u:canary5e1fd07@127.0.0.1:99999/d", 2, ["CREDENTIALS"]),
        ("postgresql://u:canary5e1fd07@127.0.0.1:1/d", 6, ["127.0.0.1:1/d", "refused"]),
    ],
)
def test_address_that_is_none(project, sandbox, url, code, words):
    """Before anything is asked, and without the password."""
    ran = project.social("sync", DESTINATION__POSTGRES__CREDENTIALS=url)

    assert ran.code == code
    assert one_message(ran, *words)
    assert sandbox.requests()["total"] == 0


@pytest.mark.parametrize(
    ("user", "password", "database", "words"),
    [
        ("postgres", "wrong", "postgres", "password is refused"),
        ("nobody_here", "wrong", "postgres", "password is refused"),
        ("postgres", "", "nowhere", "does not exist"),
    ],
)
def test_server_that_refuses(project, postgres, user, password, database, words):
    """Wrong user, password or database: exit 2, naming the server."""
    url = postgres.url(database, user, password)

    ran = project.social("sync", DESTINATION__POSTGRES__CREDENTIALS=url)

    assert ran.code == 2
    assert one_message(ran, f"127.0.0.1:{postgres.port}/{database}", words)


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


def test_while_another_sync_runs(project, sandbox, right):
    """Exit 7 within 2 s, naming process, machine, run and time; a killed holder frees the lock."""
    sandbox.fault("slow", "/accounts", seconds=300)
    holder = project.start("sync", "--log-format", "json")
    holder.wait_until(lambda: sandbox.requests()["total"], "the first sync's first request")

    # The best of a few: a busy machine is no fault of the lock.
    second = min((project.social("sync") for _ in range(3)), key=lambda ran: ran.seconds)
    holder.signal(signal.SIGKILL)
    run_id = holder.wait().events[0]["run_id"]
    sandbox.clear_faults()
    third = project.sync("-s", "tokportal")

    assert second.code == 7
    assert second.seconds < 2
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
