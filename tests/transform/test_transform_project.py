"""The dbt project says what the declarations say, and keeps its own conventions."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import sources
from pipelines.cli import app

PROJECT = Path(__file__).resolve().parents[2] / "transform"
MARTS = yaml.safe_load((PROJECT / "models" / "marts" / "marts.yml").read_text())["models"]
CONSUMERS = yaml.safe_load((PROJECT / "models" / "consumers.yml").read_text())
CUMULATIVE = re.compile(r"_cum$|_cum_reported$")


def test_sources_are_what_the_declarations_say():
    """transform/models/sources.yml is printed by `social schema --format dbt`."""
    printed = CliRunner().invoke(app, ["schema", "--format", "dbt"]).stdout
    kept = (PROJECT / "models" / "sources.yml").read_text()

    assert printed.strip() == kept.strip()
    assert {one["name"] for one in yaml.safe_load(kept)["sources"]} == set(sources.names())


@pytest.mark.parametrize("provider", sources.names())
def test_every_provider_reaches_the_marts(provider):
    """Its accounts, posts and observations are staged, and the unions name them."""
    staged = {path.stem for path in (PROJECT / "models" / "staging" / provider).glob("*.sql")}
    unions = "".join(path.read_text() for path in (PROJECT / "models").rglob("int_*.sql"))

    assert staged
    assert {name for name in staged if name.endswith(("posts", "post_snapshots"))} <= set(
        re.findall(r"stg_\w+", unions)
    )


@pytest.mark.parametrize("model", MARTS, ids=lambda model: model["name"])
def test_a_mart_says_its_grain_and_every_column(model):
    """`one row per`, a test of it, and a meaning for each column: they reach the database."""
    tests = [name for test in model.get("data_tests", []) for name in test]

    assert model["description"].startswith("One row per ")
    assert model["name"].startswith("ops_") or tests == ["one_row_per"]
    assert all(len(column["description"]) > 4 for column in model["columns"])


def test_every_mart_has_a_contract_and_a_place_in_the_dictionary():
    dictionary = (PROJECT / "README.md").read_text()
    models = {path.stem for path in (PROJECT / "models" / "marts").glob("*.sql")}

    assert models == {model["name"] for model in MARTS}
    assert [name for name in models if f"`{name}`" not in dictionary] == []


def test_no_column_is_both_cumulative_and_gained():
    """A figure in all ends in `_cum`, one of a day in `_delta`, `_gained`; a vendor's rate in
    `_reported`; and a rate of ours has its formula in its name."""
    names = {column["name"] for model in MARTS for column in model["columns"]}

    assert [name for name in names if "gained" in name and CUMULATIVE.search(name)] == []
    assert {name for name in names if "engagement_rate" in name} == {"engagement_rate_reported"}


def test_every_mart_has_a_group_and_is_in_the_published_file():
    """dbt's lineage goes on to what is made of the marts."""
    groups = {group["name"] for group in CONSUMERS["groups"]}
    exposures = {one["name"]: set(one["depends_on"]) for one in CONSUMERS["exposures"]}

    assert {model["config"]["group"] for model in MARTS} == groups
    assert exposures["published_file"] == {f"ref('{model['name']}')" for model in MARTS}
    assert exposures["report"] < exposures["published_file"]


@pytest.mark.parametrize(
    "name", ["views", "likes", "comments", "shares", "followers", "engagement"]
)
def test_the_semantic_layer_has_the_metrics_that_people_ask_for(name):
    """`dbt parse` checks the file; each build does."""
    semantic = yaml.safe_load((PROJECT / "models" / "semantic" / "metrics.yml").read_text())

    assert name in {metric["name"] for metric in semantic["metrics"]}
