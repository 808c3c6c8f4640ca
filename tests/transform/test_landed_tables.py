"""Which landed tables exist is decided before dbt starts, and not by what its threads see."""

from datetime import UTC, datetime

import duckdb
import golden_world
import pytest
from dbt.adapters.base.impl import BaseAdapter

import sources
from pipelines.ledger import SYNC_RUNS, ProviderResult, RunResult, run_row
from pipelines.schema import declared
from pipelines.transform import TransformRequest, run_dbt, transform

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def fill(warehouse, providers):
    """A run of each provider."""
    for name in providers:
        warehouse.prepare(name, declared()[name])
        run = RunResult(f"run-{name}", "sync", warehouse.target, NOW)
        warehouse.put(name, SYNC_RUNS, run_row(run, ProviderResult(name, "default"), NOW))


@pytest.fixture
def marts(new_marts, monkeypatch):
    made = new_marts("duckdb")
    for name, value in made.project.env.items():
        monkeypatch.setenv(name, value)
    return made


def runs(marts):
    return [name for (name,) in marts.query("select provider from ops_runs order by provider")]


def test_dbts_cache_is_not_asked_about_landed_tables(marts, monkeypatch):
    """dbt adds a schema's relations to its cache one by one, and four threads read it meanwhile: a
    model that found a table missing there lost a provider's rows without an error."""
    asked = []
    list_relations = BaseAdapter.list_relations

    def listing(adapter, database, schema):
        asked.append(schema)
        return list_relations(adapter, database, schema)

    marts.write(lambda warehouse: fill(warehouse, sources.names()))
    monkeypatch.setattr(BaseAdapter, "list_relations", listing)
    transform(TransformRequest(select=("ops_runs",)))

    assert set(asked) & {*sources.names()} == set()
    assert runs(marts) == sorted(sources.names())


@pytest.mark.slow
def test_columns_that_an_older_version_did_not_have_are_empty(marts):
    """Until the next sync adds them; the marts are built all the same."""
    marts.write(golden_world.fill)
    with duckdb.connect(str(marts.project.warehouse)) as warehouse:
        warehouse.execute("alter table tokportal.daily_series drop column first_read_at")
        warehouse.execute("alter table genviral.post_snapshots drop column measured_at")

    built = transform(TransformRequest())

    assert built.broken == []
    assert marts.query("select count(*) from fct_account_day where source = 'daily_series'") == [
        (10,)
    ]


def test_dbt_by_hand_finds_the_tables_itself(marts):
    """Without the variable, and where two providers were never synced."""
    marts.write(lambda warehouse: fill(warehouse, ["tokportal"]))

    result = run_dbt(marts.place, ["build", "--select", "ops_runs"])

    assert result.broken == []
    assert runs(marts) == ["tokportal"]
