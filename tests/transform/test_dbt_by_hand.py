"""The dbt project as a dbt user meets it: a package of another project, in a schema of its own."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import golden_world
import pytest

TRANSFORM = Path(__file__).resolve().parents[2] / "transform"
DBT = Path(sys.executable).parent / "dbt"
PROJECT = """
name: agency
version: "1.0"
profile: agency
flags: {send_anonymous_usage_stats: false}
"""
PROFILE = """
agency:
  target: dev
  outputs:
    dev: {type: duckdb, path: "PATH", schema: anna, threads: 2, settings: {TimeZone: UTC}}
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def agency(new_marts):
    """A project of somebody else's beside a warehouse whose marts are built."""
    marts = new_marts("duckdb")
    marts.write(golden_world.fill)
    assert marts.transform().code == 0
    folder = marts.project.folder / "agency"
    folder.mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "packages.yml").write_text(f"packages: [{{local: {TRANSFORM}}}]")
    profile = PROFILE.replace("PATH", str(marts.project.warehouse))
    (folder / "profiles.yml").write_text(profile)
    marts.dbt = lambda *words: dbt(folder, *words)
    return marts


def dbt(folder, *words):
    command = [str(DBT), *words, "--project-dir", str(folder), "--profiles-dir", str(folder)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True)


def test_another_project_builds_the_marts_in_a_schema_of_its_own(agency):
    """The marts that `social transform` built stay; a broken reference is an error here."""
    assert agency.dbt("deps").returncode == 0
    built = agency.dbt("build", "--exclude-resource-type", "unit_test")
    assert built.returncode == 0, built.stdout

    count = "select count(*) from {}.fct_post_day"
    with duckdb.connect(str(agency.project.warehouse)) as warehouse:
        ours = warehouse.execute(count.format("marts")).fetchone()
        assert warehouse.execute(count.format("anna_marts")).fetchone() == ours
        warehouse.execute(
            "insert into tokportal.tracked_posts by name select * replace ('nobody' as account_id,"
            " 'orphan' as tracked_post_id) from tokportal.tracked_posts limit 1"
        )
    broken = agency.dbt("build", "--select", "dim_account", "dim_post")
    assert broken.returncode == 1
    assert "relationships_dim_post_account_key" in broken.stdout
