"""A worker holds few connections to Postgres, and waits while the server has none free."""

import time
from contextlib import closing

import psycopg2
import pytest
from postgres_server import PostgresServer

AT_MOST = 7  # of a worker with --shard
WORKERS = 16


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=8, posts=40, days=20)


def database_of(project):
    return project.url.rsplit("/", 1)[1]


def test_a_worker_holds_at_most_seven_connections(new_project, sandbox, postgres):
    """Also while it loads: dlt by itself takes a connection or two for each of twenty workers."""
    project = new_project(sandbox, postgres=postgres)
    held = "select count(*) from pg_stat_activity where datname = %s"
    database, most = database_of(project), 0

    running = project.start("sync", "--shard", "0/2", SYNC__BATCH_ACCOUNTS="1")
    connection = psycopg2.connect(postgres.url())
    connection.autocommit = True  # a transaction would see what it saw first
    with closing(connection), connection.cursor() as cursor:
        while running.process.poll() is None:
            cursor.execute(held, (database,))
            most = max(most, cursor.fetchone()[0])
            time.sleep(0.01)

    assert running.wait().code == 0
    assert 1 < most <= AT_MOST


@pytest.mark.parametrize("words", [("status",), ("query", "select 1 as one")])
def test_a_command_waits_for_a_free_connection(new_project, sandbox, postgres, words):
    """A refusal for want of a free connection passes; a command goes on when one is free."""
    project = new_project(sandbox, postgres=postgres)
    database = database_of(project)
    role = f"limited_{database}"
    postgres.run(f"create role {role} login password 'limited' connection limit 1")
    postgres.run(f"alter database {database} owner to {role}")
    url = postgres.url(database, role, "limited")
    taken = psycopg2.connect(url)
    try:
        running = project.start(*words, DESTINATION__POSTGRES__CREDENTIALS=url)
        time.sleep(5)
        waiting = running.process.poll() is None
        postgres.run(f"alter role {role} connection limit 3")
        ran = running.wait(60)
    finally:
        taken.close()

    assert waiting
    assert ran.code == 0, ran.stderr


@pytest.mark.chaos
def test_sixteen_workers_on_a_default_postgres(new_project, new_sandbox):
    """No worker ends because the server is full."""
    sandbox = new_sandbox(accounts=48, posts=96, days=10)
    server = PostgresServer("secret", max_connections=100)
    try:
        project = new_project(sandbox, postgres=server, SYNC__BATCH_ACCOUNTS="1")
        running = [
            project.start("sync", "--shard", f"{index}/{WORKERS}") for index in range(WORKERS)
        ]
        ended = [one.wait(600) for one in running]
        accounts = project.query("select count(distinct account_id) from accounts")
    finally:
        server.close()

    assert [ran.code for ran in ended] == [0] * WORKERS, [ran.stderr[-300:] for ran in ended]
    assert accounts == [(48,)]
