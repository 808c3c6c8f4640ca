"""A warehouse of two clients with its marts, on each engine; reports are made of it."""

import shutil
from pathlib import Path

import pytest

from pipelines.destinations import DuckDB
from pipelines.destinations.address import Address
from pipelines.destinations.postgres import Postgres

ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))
HOSTILE = 'Who\'s "<b>Luna</b>" & Co? 100%'
CLIENTS = """
[[clients]]
pattern = "client-*"
client = "Acme"

[[clients]]
pattern = "*"
client = '''Who's "<b>Luna</b>" & Co? 100%'''
"""


class Reports:
    """Makes reports of one warehouse."""

    def __init__(self, project):
        self.project, self.made = project, 0

    @property
    def place(self):
        if self.project.url:
            return Postgres(Address.parse(self.project.url))
        return DuckDB(self.project.warehouse)

    def query(self, sql):
        with self.place.reading() as warehouse:
            return warehouse.query(sql)

    def change(self, *statements):
        """A warehouse that is like this one, but for what these statements do; DuckDB only."""
        self.made += 1
        copied = self.project.copy(f"changed-{self.made}.duckdb")
        import duckdb

        with duckdb.connect(str(copied)) as connection:
            for statement in statements:
                connection.execute(statement)
        return {"DESTINATION__DUCKDB__CREDENTIALS": str(copied)}

    def report(self, *flags, **env):
        """The page, and how the command ended."""
        self.made += 1
        path = self.project.folder / f"{self.made}.html"
        ran = self.project.social("report", "-o", str(path), *flags, **env)
        return ran, path.read_text() if path.exists() else ""


@pytest.fixture(scope="module", params=ENGINES)
def reports(request, new_sandbox, new_project):
    """8 accounts, 80 posts, 40 days of history."""
    sandbox = new_sandbox(accounts=8, posts=80, days=40)
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    project = new_project(sandbox, postgres=postgres, providers=("tokportal", "genviral"))
    (project.folder / ".dlt" / "clients.toml").write_text(CLIENTS)
    assert project.sync().code == 0
    assert project.social("transform").code == 0
    return Reports(project)


@pytest.fixture(scope="module")
def page(reports):
    ran, html = reports.report()
    assert ran.code == 0, ran.stderr
    return html


@pytest.fixture(scope="session")
def chromium_folder(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("chromium")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
