"""Everything a test needs to stand where a user stands: a sandbox, a folder, and `social`."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg2
import pytest
from postgres_server import PostgresServer

from sandbox.server import Settings, start

ROOT = Path(__file__).resolve().parent.parent
SOCIAL = Path(sys.executable).parent / "social"

# Part of every key that tests use: wherever this word is found, a key was written down.
CANARY = "canary5e1fd07"


class Sandbox:
    """A sandbox in a child process: its address, a key, and its control plane."""

    def __init__(self, **settings: Any) -> None:
        unlimited = dict.fromkeys(("rate", "genviral_rate", "tokfluence_rate"), 1_000_000)
        self._child = start(Settings(**{**unlimited, **settings}))
        self.url, self.base_urls = self._child.url, self._child.base_urls
        self.base_url = self.base_urls["tokportal"]
        self._http = httpx.Client(timeout=60)

    def key(self, tier: str = "full") -> str:
        return f"sk_sandbox_{tier}_{CANARY}"

    def settings(self, provider: str, tier: str = "full") -> dict[str, str]:
        """The environment that points a project at one provider."""
        keys = {
            "tokportal": self.key(tier),
            "genviral": f"gva_sandbox_{tier}.{CANARY}",
            "tokfluence": f"tkf_sandbox_{CANARY}",
        }
        said = {"base_url": self.base_urls[provider], "api_key": keys[provider]}
        if provider != "tokportal":  # which alone says in its headers how fast it may be asked
            said["requests_per_minute"] = "1000000"
        return {f"SOURCES__{provider}__{name}".upper(): value for name, value in said.items()}

    def stop(self) -> None:
        self._http.close()
        self._child.stop()

    def get(self, path: str, **params: Any) -> Any:
        """What the provider itself answers; with a key of its own, so no test's rate is touched."""
        headers = {"X-API-Key": "sk_sandbox_full_observer"}
        return self._http.get(self.base_url + path, params=params, headers=headers).json()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, f"{self.url}/_sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, **time: float) -> None:
        """Move the clock: days=1, hours=12."""
        seconds = time.get("days", 0) * 86_400 + time.get("hours", 0) * 3_600
        self.control("POST", "/clock", {"advance_seconds": int(seconds)})

    def edit(self, op: str, **fields: Any) -> Any:
        return self.control("POST", "/world", {"op": op, **fields})

    def fault(self, kind: str, path: str, **fields: Any) -> None:
        self.control("POST", "/faults", {"kind": kind, "path": path, **fields})

    def clear_faults(self) -> None:
        self.control("DELETE", "/faults")

    def requests(self, provider: str = "tokportal") -> dict[str, Any]:
        return self.control("GET", f"/requests?provider={provider}")

    def count_anew(self, provider: str = "tokportal") -> None:
        self.control("DELETE", f"/requests?provider={provider}")

    def log(self, provider: str = "tokportal") -> list[dict[str, Any]]:
        return self.control("GET", f"/log?provider={provider}")

    def accounts(self) -> list[str]:
        """Ids of the accounts; the first eight are one of each kind."""
        return [account["id"] for account in self.get("/analytics")["accounts"]]

    def account(self, kind: str) -> str:
        """The first account of a kind."""
        kinds = ("giant", "public", "banned", "empty", "quiet", "hourly", "switched", "busy")
        return self.accounts()[kinds.index(kind)]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        """What `--json` printed."""
        parsed: dict[str, Any] = json.loads(self.stdout)
        return parsed

    @property
    def events(self) -> list[dict[str, Any]]:
        """Progress, one JSON line per event."""
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]

    @property
    def messages(self) -> list[str]:
        """What was said to people."""
        return [line for line in self.stderr.splitlines() if line and not line.startswith("{")]


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[bytes]
    stdout: Path
    stderr: Path
    started: float

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_until(self, true: Callable[[], Any], what: str, seconds: float = 120) -> None:
        """Look until it is so. Fails the test when it does not come about."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                pytest.fail(f"not within {seconds} s: {what}\n{self.stderr.read_text()}")
            time.sleep(0.005)

    def batches(self) -> int:
        """Batches that are loaded so far."""
        return self.stderr.read_text().count('"event": "batch.loaded"')

    def wait(self, seconds: float = 300) -> Ran:
        code = self.process.wait(seconds)
        took = time.monotonic() - self.started
        ran = Ran(code, self.stdout.read_text(), self.stderr.read_text(), took)
        assert CANARY not in ran.stdout + ran.stderr, "a key was printed"
        return ran


@dataclass
class Project:
    """A folder in which `social` runs as a user runs it; no setting of this machine reaches it."""

    folder: Path
    env: dict[str, str]
    canary: str = CANARY
    url: str = ""  # of its Postgres database, when it has one
    schema: str = "tokportal"  # where `query` finds tables
    _runs: int = 0
    _open: list[Running] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def start(self, *args: str, **env: str) -> Running:
        """Begin a command; `env` adds to the environment, an empty value removes."""
        self._runs += 1
        out, err = (self.folder / "said" / f"{self._runs}.{name}" for name in ("out", "err"))
        settings = {name: value for name, value in (self.env | env).items() if value}
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [str(SOCIAL), *args], cwd=self.folder, env=settings, stdout=stdout, stderr=stderr
            )
        running = Running(process, out, err, time.monotonic())
        self._open.append(running)
        return running

    def social(self, *args: str, **env: str) -> Ran:
        """Run a command to its end."""
        return self.start(*args, **env).wait(600)

    def sync(self, *args: str, **env: str) -> Ran:
        return self.social("sync", "--json", *args, **env)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse; tables are found without their schema."""
        if self.url:
            return self._query_postgres(sql, parameters)
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute(f"set search_path = '{self.schema}'; set timezone = 'UTC'")
            return connection.execute(sql, list(parameters)).fetchall()

    def _query_postgres(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        path = f"-c search_path={self.schema} -c timezone=UTC"
        connection = psycopg2.connect(self.url, options=path)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def copy(self, name: str) -> Path:
        """The warehouse as it is now, under another name."""
        copied = self.folder / name
        for end in ("", ".wal"):
            if (file := self.warehouse.with_name(self.warehouse.name + end)).exists():
                shutil.copy(file, f"{copied}{end}")
        return copied

    def close(self) -> None:
        """No command outlives its test, and no key was left in any file or table."""
        for running in self._open:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
        assert [str(place) for place in self.leaks()] == []

    def leaks(self) -> Iterator[str | Path]:
        """Files that hold a key, as it is or in base64; then columns, which a file may compress."""
        forms = {
            CANARY.encode(),
            *(base64.b64encode(b" " * n + CANARY.encode())[4:-4] for n in range(3)),
        }
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != "secrets.toml":
                content = file.read_bytes()
                if any(form in content for form in forms):
                    yield file
        if self.warehouse.exists() and self.warehouse.stat().st_size:
            yield from _columns_with(CANARY, self.warehouse)
        if self.url:
            yield from self._tables_with(CANARY)

    def _tables_with(self, text: str) -> Iterator[str]:
        tables = "select table_schema, table_name from information_schema.tables"
        ours = "table_schema not in ('information_schema', 'pg_catalog')"
        for schema, table in self.query(f"{tables} where {ours}"):
            sql = f'select count(*) from "{schema}"."{table}" t where t::text like %s'
            if self.query(sql, f"%{text}%") != [(0,)]:
                yield f"{schema}.{table}"


def _columns_with(text: str, warehouse: Path) -> Iterator[str]:
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error:
        return  # a test that put something else there
    with connection:
        tables = "select schema_name, table_name from duckdb_tables()"
        for schema, table in connection.execute(tables).fetchall():
            sql = f'select count(*) from "{schema}"."{table}" t where t::varchar like ?'
            (found,) = connection.execute(sql, [f"%{text}%"]).fetchone() or (0,)
            if found:
                yield f"{schema}.{table}"


@pytest.fixture(scope="module")
def new_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes that end with the module: new_sandbox(accounts=8, posts=160)."""
    running: list[Sandbox] = []

    def start_one(**settings: Any) -> Sandbox:
        running.append(Sandbox(**settings))
        return running[-1]

    yield start_one
    for sandbox in running:
        sandbox.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for the whole session; a module asks it for databases of its own."""
    server = PostgresServer(f"p@:/%{CANARY}")
    yield server
    server.close()


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Project]]:
    """Makes projects for a sandbox (or for none). At the end each is searched for keys."""
    made: list[Project] = []

    def make(
        sandbox: Sandbox | None = None,
        tier: str = "full",
        postgres: PostgresServer | None = None,
        providers: Sequence[str] = ("tokportal",),
        schema: str = "tokportal",
        **env: str,
    ) -> Project:
        folder = tmp_path_factory.mktemp("project")
        for name in (".dlt", "home", "tmp", "said"):
            (folder / name).mkdir()
        shutil.copy(ROOT / ".dlt" / "config.toml", folder / ".dlt")
        base = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),  # these tests try the code beside them, wherever it lies
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),  # the rate is shared through it: not between tests
            "TMPDIR": str(folder / "tmp"),
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
            "SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": "0",
            "SOCIAL_NO_TRANSFORM": "1",  # eight seconds of each sync; empty where it is the matter
        }
        for provider in providers if sandbox else ():
            base |= sandbox.settings(provider, tier)
        url = postgres.new_database() if postgres else ""
        if postgres:
            base |= {
                "DESTINATION__POSTGRES__CREDENTIALS": url,
                "DESTINATION__POSTGRES__READ_CREDENTIALS": postgres.reader_url(url),
                "SOCIAL_TARGET": "postgres",
            }
        made.append(Project(folder, base | env, url=url, schema=schema))
        return made[-1]

    yield make
    for project in made:
        project.close()
