"""The golden world in a warehouse of each engine, with its marts built by `social transform`."""

from collections import defaultdict
from datetime import date

import golden_world
import pytest

from pipelines.destinations import DuckDB
from pipelines.destinations.address import Address
from pipelines.destinations.postgres import Postgres
from pipelines.lock import Holder

# Most of a transform's time is dbt's own start: `make chaos` has the other engine.
ENGINES = ("duckdb", pytest.param("postgres", marks=pytest.mark.slow))
OF_A_RUN = ("load_id", "newest_load_id")


class Marts:
    """A project whose warehouse is written by hand."""

    def __init__(self, project, engine):
        self.project, self.engine = project, engine
        self.place = DuckDB(project.warehouse)
        if project.url:
            self.use(project.url)

    def use(self, url):
        """Be who this URL names."""
        self.place = Postgres(Address.parse(url))
        self.project.env["DESTINATION__POSTGRES__CREDENTIALS"] = url

    def write(self, work):
        with self.place.writing(Holder("golden")) as warehouse:
            work(warehouse)

    def transform(self, *args, **env):
        return self.project.social("transform", *args, **env)

    def query(self, sql):
        return self.project.query(sql)

    def everything(self):
        """Every mart as sorted rows, but for what says by which load and run a row came."""
        named = "select table_name, column_name from information_schema.columns"
        columns = defaultdict(list)
        for table, column in sorted(self.query(f"{named} where table_schema = 'marts'")):
            if column not in OF_A_RUN and table != "ops_runs":
                columns[table].append(column)
        return {
            table: sorted(map(canonical, self.query(f"select {', '.join(names)} from {table}")))
            for table, names in columns.items()
        }


def canonical(row):
    """A row as text, whatever types the driver has for it."""
    return repr([_text(value) for value in row])


def _text(value):
    if isinstance(value, float):  # added up in another order, the last digits may differ
        return f"{value:.9g}"
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture(scope="module")
def new_marts(new_project, request):
    def make(engine, sandbox=None, **settings):
        server = request.getfixturevalue("postgres") if engine == "postgres" else None
        return Marts(new_project(sandbox, postgres=server, schema="marts", **settings), engine)

    return make


@pytest.fixture(scope="module", params=ENGINES)
def marts(new_marts, request):
    """The golden world, built once per engine."""
    made = new_marts(request.param)
    made.write(golden_world.fill)
    made.built = made.transform("--json")
    return made
