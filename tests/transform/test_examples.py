"""deploy/ and notebooks/: what can be checked of examples without the tools that they are for."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

from pipelines.cli import app
from pipelines.exits import Exit

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "social.json").read_text())
RAN_BY = re.compile(
    r"(?:bin/social|run\.sh|^\s*social|[$`]\s?social) ([a-z]+)((?: [^|\n>`]*)?)", re.M
)


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("*.yml")), ids=lambda file: file.name)
def test_yaml_is_yaml_and_a_published_copy_is_mounted_as_a_folder_read_only(file):
    said = yaml.safe_load(file.read_text())

    for service in said.get("services", {}).values() if file.name == "compose.yml" else ():
        (mount,) = [v for v in service["volumes"] if ":/bi" in v]
        assert mount.endswith(":/bi:ro")
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_images_downloads_packages_and_actions_are_pinned():
    """A tag or an address can serve other bytes tomorrow."""
    pinned = r"@(\$\{\w+(:\?[^}]*)?\}|sha256:[0-9a-f]{64}|[0-9a-f]{40}\b)"
    downloads = 0
    for file in DEPLOY.rglob("*"):
        for line in file.read_text().splitlines() if file.is_file() else ():
            if re.match(r"FROM |\s+image: grafana|\s+(- )?uses:", line):
                assert re.search(pinned, line), f"{file.name}: {line}"
            if re.match(r"ADD .*https?:", line):
                downloads += 1
                assert "--checksum=sha256:" in line, f"{file.name}: {line}"
            if "pip install" in line and ".venv/bin/pip install --no-deps -e" not in line:
                assert "--require-hashes" in line, f"{file.name}: {line}"

    assert downloads == 2


@pytest.mark.parametrize("tool", ["metabase", "superset", "grafana"])
def test_a_compose_file_stops_without_its_pins(tool):
    """An empty digest would silently mean the newest image."""
    said = (DEPLOY / tool / "compose.yml").read_text()
    names = set(re.findall(r"\$\{(\w+_(?:DIGEST|SHA256))", said))
    written = (DEPLOY / "pin.sh").read_text()

    assert names
    for name in names:
        assert f"${{{name}:?" in said
        assert f"{name}=%s" in written


def test_examples_name_commands_and_flags_that_there_are():
    import typer.main

    commands = typer.main.get_command(app).commands
    used = [found for file in DEPLOY.rglob("*") if file.is_file() for found in _used(file)]

    assert {command for command, _ in used} >= {"sync", "publish", "status", "transform"}
    for command, flags in used:
        known = {option for one in commands[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", flags)) <= known, command


def _used(file):
    return [(command, flags.split("&&")[0]) for command, flags in RAN_BY.findall(file.read_text())]


def test_every_exit_code_has_its_row_in_the_schedules():
    said = (DEPLOY / "schedule" / "README.md").read_text()
    rows = {
        int(code) for row in re.findall(r"^\| ([\d, ]+) \|", said, re.M) for code in row.split(",")
    }

    assert rows == {int(code) for code in Exit if code < 100}


def _notebook():
    spec = importlib.util.spec_from_file_location("questions", ROOT / "notebooks" / "questions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SQL


def test_the_sql_of_dashboard_and_notebook_runs_on_the_marts(marts):
    """Of the dashboard on both engines; the notebook knows DuckDB alone."""
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            rows = marts.query(_expanded(target["rawSql"]))
            assert rows or "ops_" in target["rawSql"], panel["title"]  # nothing ever ran there
    for name, sql in _notebook().items() if marts.engine == "duckdb" else ():
        asked = sql.replace("$provider", "'tokportal'").replace("$days", "90")
        assert marts.query(asked) or name == "freshness"


def _expanded(sql):
    """As Grafana does."""
    time = r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z'"
    return re.sub(r"\$__timeFilter\((.+?\))\)", time, sql).replace("$provider", "tokportal")


def test_the_notebook_asks_only_what_is_in_its_list():
    asked = set(re.findall(r'ask\("(\w+)"', (ROOT / "notebooks" / "explore.py").read_text()))

    assert asked == _notebook().keys()
