"""An error names what it is about, and no remedy destroys data unless the file is damaged."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.destinations.duckdb import explain, open_duckdb
from pipelines.exits import Exit, Stop

KEY = "sk_sandbox_full_canary5e1fd07"
HEADER = 4096
BLOCKS = 3 * HEADER


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """A DuckDB file with a table, and one that was killed before its log was written into it."""
    folder = tmp_path_factory.mktemp("right")
    file, killed = folder / "w.duckdb", folder / "killed.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema tokportal")
        rows = "select i, md5(i::varchar) as text from range(20000) r(i)"
        connection.execute(f"create table tokportal.accounts as {rows}")
    shutil.copy(file, killed)
    script = (
        f"import duckdb, os; c = duckdb.connect({str(killed)!r});"
        " c.execute(\"insert into tokportal.accounts select i, 'new' from range(900) r(i)\");"
        " os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    return file


def flipped(content: bytes, start: int, length: int = 200) -> bytes:
    part = bytes(byte ^ 0xFF for byte in content[start : start + length])
    return content[:start] + part + content[start + length :]


def opened(path: Path) -> Stop:
    """How opening and reading the file ends. Fails the test when it works."""
    with pytest.raises(Stop) as caught, open_duckdb(path, read_only=True) as warehouse:
        warehouse.query("select sum(i), count(distinct text) from tokportal.accounts")
    return caught.value


DAMAGES = {
    "header": lambda content: flipped(content, 20),
    "both block headers": lambda content: flipped(content, HEADER, 2 * HEADER),
    "first block": lambda content: flipped(content, BLOCKS),
    "every block": lambda content: flipped(content, BLOCKS + 100, len(content)),
    "cut in half": lambda content: content[: len(content) // 2],
    "cut after the header": lambda content: content[: HEADER + 100],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_called_damaged(right, tmp_path, damage):
    """Here a backup is the remedy, and no other program is blamed."""
    path = tmp_path / "w.duckdb"
    path.write_bytes(DAMAGES[damage](right.read_bytes()))

    stop = opened(path)

    assert stop.code is Exit.DESTINATION
    assert stop.message.startswith(f"{path} is damaged: ")
    assert "restore it from a backup" in stop.remedy


def test_a_damaged_log_is_named(right, tmp_path):
    path, log = tmp_path / "w.duckdb", tmp_path / "w.duckdb.wal"
    killed = right.with_name("killed.duckdb")
    shutil.copy(killed, path)
    content = Path(f"{killed}.wal").read_bytes()
    log.write_bytes(flipped(content, len(content) // 2))

    assert opened(path).message.startswith(f"{log}, the log of {path}, is damaged")


def test_the_log_of_another_copy_is_named(right, tmp_path):
    """A backup was put back without the log that lay beside the newer file."""
    path, log = tmp_path / "w.duckdb", tmp_path / "w.duckdb.wal"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table other as select 1 as one")
    shutil.copy(f"{right.with_name('killed.duckdb')}.wal", log)

    stop = opened(path)

    assert stop.message == f"{log} is the log of another copy of {path}"
    assert "Move the log away and keep it" in stop.remedy


@pytest.mark.parametrize(
    "content", [b"", b"notes", b"SQLite format 3\0" + bytes(5000), b"PAR1" * 2000]
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "w.duckdb"
    path.write_bytes(content)

    stop = opened(path)

    assert stop.message == f"{path} is not a DuckDB file"
    assert "backup" not in stop.remedy
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_called_a_folder(tmp_path):
    (tmp_path / "w.duckdb").mkdir()

    assert opened(tmp_path / "w.duckdb").message == f"{tmp_path}/w.duckdb is a folder and no file"


def test_a_parent_that_is_a_file_is_called_so(tmp_path):
    (tmp_path / "notes").write_text("mine")
    path = tmp_path / "notes" / "w.duckdb"

    with pytest.raises(Stop) as caught, open_duckdb(path):
        pass

    assert caught.value.code is Exit.DESTINATION
    assert str(tmp_path / "notes") in caught.value.message


def test_another_program_is_named_only_for_its_lock(right, tmp_path):
    path = tmp_path / "w.duckdb"
    shutil.copy(right, path)
    script = f"import duckdb; c = duckdb.connect({str(path)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        stop = opened(path)
        holder.communicate(b"\n")

    assert stop.message == f"{path} is open in another program by {_name(holder)}"


def _name(holder: subprocess.Popen[bytes]) -> str:
    return f"{Path(sys.executable).resolve().name}, pid {holder.pid}"


IO_ERROR = 'IO Error: Could not write file "{}": {}'


@pytest.mark.parametrize(
    ("file", "number", "said"),
    [
        ("w.duckdb", errno.ENOSPC, "the disk of {} is full"),
        ("w.duckdb.wal", errno.EDQUOT, "the disk quota for {} is used up"),
        ("w.duckdb.tmp/block", errno.ENOSPC, "the disk of {} is full"),
        ("w.duckdb", errno.EACCES, "{} cannot be opened: permission denied"),
        ("w.duckdb", errno.EROFS, "{} lies on a file system that is read-only"),
        ("w.duckdb", errno.EIO, "the disk of {} reports an error"),
        ("w.duckdb", errno.EMFILE, "this process may not open more files ({})"),
    ],
)
def test_a_reason_of_the_system_is_told_with_its_file(tmp_path, file, number, said):
    """DuckDB's own words and Python's errors lead to the same sentence."""
    warehouse, path = tmp_path / "w.duckdb", tmp_path / file
    reason = os.strerror(number)
    errors = [
        duckdb.IOException(IO_ERROR.format(path, reason)),
        duckdb.FatalException("FATAL Error: invalidated. " + IO_ERROR.format(path, reason)),
        OSError(number, reason, str(path)),
    ]

    stops = [explain(warehouse, error) for error in errors]

    assert {(stop.code, stop.message) for stop in stops} == {(Exit.DESTINATION, said.format(path))}
    assert not any("backup" in stop.remedy for stop in stops)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/elsewhere/ca.pem"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        duckdb.CatalogException("Catalog Error: Table with name block does not exist!"),
        duckdb.ParserException('Parser Error: near "x": No space left on device'),
        duckdb.ConversionException("Conversion Error: 'Corrupt database file' is no number"),
        ValueError("no space left on device"),
    ],
)
def test_an_error_of_something_else_is_not_the_warehouses(tmp_path, error):
    assert explain(tmp_path / "w.duckdb", error) is None


def test_every_command_says_that_the_file_is_damaged(right, new_project):
    project = new_project()
    content = right.read_bytes()
    project.warehouse.write_bytes(flipped(content, BLOCKS))

    for command in (["check"], ["status"], ["query", "select 1"], ["sync"], ["publish"]):
        ran = project.social(*command, SOURCES__TOKPORTAL__API_KEY=KEY)
        assert (command, ran.code) == (command, 6)
        assert "is damaged" in ran.stdout + ran.stderr
        assert "another program" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "name", ["tokportal", "Genviral.old", "tokfluence_staging", "main", "it's"]
)
def test_a_file_named_like_a_schema_is_refused_before_it_is_made(new_project, name):
    project = new_project(SOURCES__TOKPORTAL__API_KEY=KEY)
    file = project.folder / f"{name}.duckdb"
    env = {"DESTINATION__DUCKDB__CREDENTIALS": str(file)}

    ran = project.social("sync", **env)

    assert ran.code == 2
    assert len(ran.messages) == 1
    assert ran.messages[0].startswith(f"{file}: ")
    assert "Rename the file, for example to warehouse.duckdb" in ran.messages[0]
    assert list(project.folder.glob(f"{name}.*")) == []


def test_check_names_a_file_that_is_named_like_a_schema(new_project):
    project = new_project()
    file = project.folder / "genviral.duckdb"

    ran = project.social("check", DESTINATION__DUCKDB__CREDENTIALS=str(file))

    assert ran.code == 2
    assert "DuckDB would call it genviral" in ran.stdout


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("SSL_CERT_FILE", "/no/such.pem", "No such file or directory"),
        ("SSL_CERT_FILE", "empty.pem", "it holds no certificate"),
        ("SSL_CERT_DIR", "/no/such", "it is no folder"),
    ],
)
def test_missing_certificates_are_told_before_anything_is_asked(
    new_project, sandbox, variable, value, why
):
    project = new_project(sandbox)
    (project.folder / "empty.pem").touch()
    sandbox.count_anew()

    ran = project.social("sync", **{variable: value})

    assert ran.code == 2
    assert ran.messages[0].startswith(
        f"{variable}={value}: the certificate authorities cannot be read: {why}."
        f" Correct {variable}, or unset it to use the authorities that come with httpx."
    )
    assert sandbox.requests()["total"] == 0


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=3, posts=6, days=5)
