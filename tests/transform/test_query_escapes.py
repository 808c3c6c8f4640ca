"""Ways out of `social query` that people have found in such commands: none has an effect.

The SQL is run in this process, because a command for each would take minutes.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from postgres_server import PostgresServer

from pipelines.destinations import DuckDB
from pipelines.destinations.address import Address
from pipelines.destinations.postgres import Postgres
from pipelines.exits import Exit, Stop
from pipelines.query import Answer, query
from pipelines.settings import prepare_dlt

PASSWORD = "reader"

POSTGRES_ESCAPES = [
    # Other statements than a query.
    "delete from posts",
    "drop table posts",
    "truncate posts",
    "create table other (a int)",
    "create temp table other (a int)",
    "update posts set id = 0",
    "insert into posts values (9)",
    "do $$ begin set transaction read write; delete from posts; end $$",
    "do $$ begin perform set_config('transaction_read_only', 'off', true); delete from posts;"
    " end $$",
    "do $$ begin commit; set transaction read write; delete from posts; end $$",
    "do $$ begin rollback; set session characteristics as transaction read write; commit;"
    " drop table posts; end $$",
    "call change_posts()",
    "copy posts to program 'touch {folder}/program'",
    "copy (select 1) to '{folder}/copied'",
    "copy posts from program 'echo 9'",
    "grant all on posts to public",
    "alter role reader_{id} set statement_timeout = 0",
    "notify escapes",
    "listen escapes",
    "lock table posts",
    "prepare p as delete from posts",
    "execute p",
    "set session characteristics as transaction read write",
    "reset role",
    "vacuum posts",
    # Two statements in one text, plain and hidden.
    "select 1; drop table posts",
    "select 1; commit; drop table posts",
    "commit; drop table posts",
    "rollback; begin read write; delete from posts; commit",
    "select 1 /* ; */; drop table posts --",
    "select ';' ; delete from posts",
    "select $$;$$; delete from posts",
    "select 1\n;\ndelete from posts --\n",
    "select 1 -- \n; end; drop table posts",
    "with hold for select 1; drop table posts",
    # Queries that write.
    "with gone as (delete from posts returning id) select * from gone",
    "with x as (insert into posts values (7) returning id) select * from x",
    "select id into copied from posts",
    "select * from posts for update",
    "explain analyze delete from posts",
    "explain (analyze, verbose) update posts set id = 0",
    "explain analyze create table made as select 1",
    "explain (analyze) select 1; drop table posts",
    "explain analyze execute p",
    "explain analyze with gone as (delete from posts returning id) select * from gone",
    "show all; drop table posts",
    # Functions with effects outside of the transaction, or that undo it.
    "select nextval('counter')",
    "select setval('counter', 99)",
    "select set_config('transaction_read_only', 'off', false)",
    "select set_config('default_transaction_read_only', 'off', false), change()",
    "select set_config('session_replication_role', 'replica', false)",
    "select set_config('statement_timeout', '0', false)",
    "select change()",
    "select public . change /* c */ ()",
    'select "change"()',
    'select U&"ch\\0061nge"()',
    "select query_to_xml('select change()', true, false, '')",
    "explain analyze select change()",
    "select pg_terminate_backend({victim})",
    "select pg_cancel_backend({victim})",
    "select pg_catalog.pg_terminate_backend /* /* */ */ ({victim})",
    "select pg_advisory_lock(4711)",
    "select pg_try_advisory_lock(4711)",
    "select pg_notify('escapes', 'out')",
    "select lo_create(4711)",
    "select lo_from_bytea(4711, 'x')",
    "select lo_export(1, '{folder}/object')",
    "select lo_import('/etc/passwd')",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select pg_logical_emit_message(false, 'x', 'y')",
    "select pg_export_snapshot()",
    "select pg_stat_reset()",
    "select pg_reload_conf()",
    "select * from dblink('dbname=postgres', 'drop table posts') as t(a int)",
]
POSTGRES_QUESTIONS = {
    "select count(*) from posts": [(3,)],
    "select id from posts order by id;": [(1,), (2,), (3,)],
    "table posts -- all of it": [(1,), (2,), (3,)],
    "values (1, 'a')": [(1, "a")],
    "with x as (select 1 as a) select a from x": [(1,)],
    "(select 1) union all (select 2)": [(1,), (2,)],
    "select random() < 2": [(True,)],
    "select 'nextval; drop table posts' as text": [("nextval; drop table posts",)],
    "show server_encoding": [("UTF8",)],
    "SHOW transaction_read_only;": [("on",)],
    "select count(*) from generate_series(1, 5000)": [(5000,)],
}

DUCKDB_ESCAPES = [
    "delete from posts",
    "drop table posts",
    "create table other (a int)",
    "create or replace view v as select 1",
    "insert into posts values (9)",
    "update posts set id = 0",
    "select 1; drop table posts",
    "begin; drop table posts; commit",
    "select 1 /* ; */; delete from posts --",
    "explain analyze delete from posts",
    "explain analyze copy posts to '{folder}/copied.csv'",
    "attach '{folder}/other.duckdb' as other",
    "attach '{warehouse}' as again (read_write)",
    "attach ':memory:' as m",
    "detach warehouse",
    "copy posts to '{folder}/copied.csv'",
    "copy (select 1) to '{folder}/copied.parquet'",
    "copy posts from '/etc/passwd'",
    "export database '{folder}/exported'",
    "import database '{folder}'",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_json('{folder}/secret.json')",
    "select * from read_parquet('{folder}/x.parquet')",
    "select * from parquet_metadata('{folder}/x.parquet')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from glob('/etc/*')",
    "from '/etc/passwd'",
    "from '{folder}/secret.json'",
    "from 'https://127.0.0.1:9/x.csv'",
    "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "select getenv('HOME')",
    "install httpfs",
    "load httpfs",
    "force install postgres",
    "load '{folder}/evil.duckdb_extension'",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set lock_configuration = false",
    "set global memory_limit = '1TB'",
    "set temp_directory = '{folder}'",
    "set home_directory = '{folder}'",
    "pragma enable_profiling",
    "pragma profiling_output='{folder}/profile'",
    "pragma enable_logging",
    "set variable x = 1",
    "create secret s (type http, bearer_token 'x')",
    "create persistent secret s (type http, bearer_token 'x')",
    "create temp table t as select 1",
    "create macro m() as 1",
    "call enable_logging()",
    "call force_checkpoint()",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "use memory",
    "prepare p as delete from posts",
    "execute p",
    "from connection",
    "from statements",
    "from sql",
    "select * from query('attach ''{folder}/q.duckdb''')",
]
DUCKDB_QUESTIONS = {
    "select count(*) from posts": [(3,)],
    "from posts order by id;": [(1,), (2,), (3,)],
    "values (1, 'a')": [(1, "a")],
    "with x as (select 1 as a) select a from x -- and so on": [(1,)],
    "select 'nextval; drop table posts' as text": [("nextval; drop table posts",)],
    "select column_name from (describe posts)": [("id",)],
    "select name from (show tables)": [("posts",)],
}


def asked(place: Any, sql: str, seconds: float = 60.0) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []

    def keep(answer: Answer) -> None:
        rows.extend(tuple(row) for row in answer.rows)

    query(place, sql, keep, seconds)
    return rows


def refusal(place: Any, sql: str, seconds: float = 60.0) -> Stop | None:
    """Why the SQL was refused; None when it was run."""
    try:
        asked(place, sql, seconds)
    except Stop as stop:
        return stop
    return None


@pytest.fixture(scope="module", autouse=True)
def _settings() -> None:
    prepare_dlt()


class Database:
    """A database with a table, a sequence and functions, and a user that owns all of it."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server, self.folder, self.id = server, folder, uuid.uuid4().hex[:8]
        self.url = server.new_database()
        self.name = self.url.rpartition("/")[2]
        self.role = f"reader_{self.id}"
        server.run(f"create role {self.role} login password '{PASSWORD}'")
        server.run(f"grant all on schema public to {self.role}", database=self.name)
        for sql in (
            "create table posts as select generate_series(1, 3) as id",
            "create sequence counter",
            "create function change() returns int language plpgsql as"
            " $$ begin delete from posts; return 1; end $$",
            "create procedure change_posts() language sql as 'delete from posts'",
        ):
            self.as_reader(sql)
        self.place = Postgres(self.address())
        self.victim = psycopg2.connect(self.reader_url)
        self.observer = psycopg2.connect(server.url(self.name))
        self.observer.autocommit = True

    @property
    def reader_url(self) -> str:
        return self.server.url(self.name, self.role, PASSWORD)

    def address(self) -> Address:
        return Address.parse(self.reader_url)

    def as_reader(self, sql: str) -> None:
        with closing(psycopg2.connect(self.reader_url)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)

    def formatted(self, sql: str) -> str:
        victim = self.victim.info.backend_pid
        facts = {"folder": self.folder, "victim": victim, "id": self.id}
        for name, value in facts.items():
            sql = sql.replace(f"{{{name}}}", str(value))
        return sql

    def state(self) -> Any:
        """Everything that an escape could have changed."""
        questions = (
            "select array_agg(id order by id) from posts",
            "select array_agg(relname order by relname) from pg_class where relkind in ('r', 'v')"
            " and relnamespace = 'public'::regnamespace",
            "select last_value, is_called from counter",
            "select count(*) from pg_locks where locktype = 'advisory'",
            "select count(*) from pg_largeobject_metadata",
            f"select rolconfig, rolsuper from pg_roles where rolname = '{self.role}'",
            "select count(*) from pg_prepared_xacts",
            "select relacl is null from pg_class where relname = 'posts'",
        )
        with self.victim.cursor() as cursor:  # which also shows that it is alive
            cursor.execute("select 1")
            self.victim.rollback()
        found = []
        with self.observer.cursor() as cursor:
            for sql in questions:
                cursor.execute(sql)
                found.append(cursor.fetchall())
        return found, sorted(os.listdir(self.folder))


@pytest.fixture(scope="module")
def database(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("escapes")
    folder.chmod(0o777)  # the server may write there
    made = Database(postgres, folder)
    yield made
    made.victim.close()
    made.observer.close()


def test_no_sql_on_postgres_has_an_effect(database: Database) -> None:
    """The user owns every table here: only `social query` stands between the SQL and a write."""
    before = database.state()
    for sql in POSTGRES_ESCAPES:
        stop = refusal(database.place, database.formatted(sql))
        assert stop is not None, sql
        assert stop.code is Exit.USAGE, (sql, stop.message)
        assert database.state() == before, sql


def test_questions_to_postgres_are_answered(database: Database) -> None:
    for sql, rows in POSTGRES_QUESTIONS.items():
        assert asked(database.place, sql) == rows, sql
    for sql in ("explain select * from posts", "EXPLAIN (analyze, costs off) table posts"):
        assert "Seq Scan on posts" in str(asked(database.place, sql)), sql
    assert len(asked(database.place, "select * from generate_series(1, 4100)")) == 4100


def test_no_sql_runs_as_a_user_with_rights_on_the_host(database: Database) -> None:
    """A superuser may run programs; so may who is in one of three roles, also by `set role`."""
    places = {"superuser": Address.parse(database.url)}
    for role in ("pg_execute_server_program", "pg_write_server_files", "pg_read_server_files"):
        name = f"{role[3:15]}_{database.id}"
        database.server.run(f"create role {name} login password '{PASSWORD}' in role {role}")
        places[role] = Address.parse(database.server.url(database.name, name, PASSWORD))
    hidden = f"{database.url}?options=-crole%3D{database.role}"
    places["superuser behind a role"] = Address.parse(hidden)
    for who, address in places.items():
        stop = refusal(Postgres(address), "select 1")
        assert stop is not None, who
        assert "READ_CREDENTIALS" in stop.remedy, who


def test_sql_is_run_as_the_reader(database: Database) -> None:
    """The address for reading is used, whatever the loader may do."""
    place = Postgres(Address.parse(database.url), reader=database.address())

    assert asked(place, "select current_user") == [(database.role,)]
    assert place.warning_before_query is None
    assert "READ_CREDENTIALS" in str(Postgres(database.address()).warning_before_query)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("escapes")
    (folder / "secret.json").write_text('{"a": 1}')
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create table posts as select range + 1 as id from range(3)")
    return folder / "warehouse.duckdb"


def test_no_sql_on_duckdb_has_an_effect(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is written, no other file is read, nothing is installed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    before = warehouse.read_bytes(), sorted(os.listdir(warehouse.parent))
    for escape in DUCKDB_ESCAPES:
        sql = escape.replace("{folder}", str(warehouse.parent)).replace(
            "{warehouse}", str(warehouse)
        )
        stop = refusal(DuckDB(warehouse), sql)
        assert stop is not None, sql
        assert stop.code is Exit.USAGE, (sql, stop.message)
        assert (warehouse.read_bytes(), sorted(os.listdir(warehouse.parent))) == before, sql
    assert list(tmp_path.iterdir()) == []


def test_questions_to_duckdb_are_answered(warehouse: Path) -> None:
    for sql, rows in DUCKDB_QUESTIONS.items():
        assert asked(DuckDB(warehouse), sql) == rows, sql
    assert "posts" in str(asked(DuckDB(warehouse), "explain from posts"))


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_query_that_takes_too_long_is_ended(engine: str, request: Any) -> None:
    endless: dict[str, Callable[[], tuple[Any, str]]] = {
        "duckdb": lambda: (
            DuckDB(request.getfixturevalue("warehouse")),
            "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 3",
        ),
        "postgres": lambda: (request.getfixturevalue("database").place, "select pg_sleep(30)"),
    }
    place, sql = endless[engine]()

    stop = refusal(place, sql, seconds=0.5)

    assert stop is not None
    assert stop.code is Exit.USAGE
