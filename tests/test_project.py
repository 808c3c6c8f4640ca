"""What the repository promises about itself: lock, README, declarations, settings."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sources
from pipelines.cli import app
from pipelines.schema import declared

ROOT = Path(__file__).resolve().parent.parent
TABLES = [(schema, table) for schema, tables in declared().items() for table in tables]


def test_lock_names_no_host_and_pins_every_dependency_with_hashes() -> None:
    """A lock with a URL installs only where it was made."""
    lock = (ROOT / "requirements.lock").read_text()
    requirements = re.split(r"\n(?=\S)", lock.strip())

    assert not re.search(r"https?:|//|@ |--(extra-)?index|--find-links", lock)
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)


def test_lock_holds_every_direct_dependency() -> None:
    """`make lock` was run after the last change of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!;\[ ]", name)[0].lower() for name in wanted}
    locked = set(
        re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    )

    assert names - {name.lower() for name in locked} == set()


@pytest.mark.parametrize(
    "command", [c.name or c.callback.__name__ for c in app.registered_commands]
)
def test_every_command_has_help_and_stands_in_the_readme(command: str) -> None:
    """A command that nobody can find does not exist."""
    result = CliRunner().invoke(app, [command, "--help"])

    assert result.exit_code == 0
    assert f"social {command}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(("schema", "table"), TABLES, ids=lambda v: getattr(v, "name", v))
def test_every_table_says_what_it_means(schema: str, table: sources.landing.tables.Table) -> None:
    """Grain, key and a meaning for every column: they become the database's comments."""
    columns = {column.name for column in table.all_columns}

    assert table.grain.startswith("one row per ")
    assert set(table.key) <= columns
    assert all(len(column.description) > 5 for column in table.all_columns)
    assert len(columns) == len(table.all_columns)


def test_table_documentation_is_what_the_declarations_say() -> None:
    """docs/tables.md is printed by `social schema --format md`: they change together."""
    printed = CliRunner().invoke(app, ["schema", "--format", "md"]).stdout

    assert printed.strip() == (ROOT / "docs" / "tables.md").read_text().strip()


@pytest.mark.parametrize("provider", sources.names())
def test_every_setting_is_one_that_is_read(provider: str) -> None:
    """A key in config.toml that nothing reads is a promise that nothing keeps."""
    config = tomllib.loads((ROOT / ".dlt" / "config.toml").read_text())["sources"][provider]
    options = set(sources.get(provider).Options.__dataclass_fields__)

    assert set(config) <= options | {"base_url", "concurrency", "requests_per_minute"}


def test_help_is_instant() -> None:
    """Nothing heavy is imported before a command needs it."""
    heavy = ("dlt", "duckdb", "pyarrow", "httpx")
    code = f"import sys, pipelines.cli; print([m for m in {heavy} if m in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
