"""Nothing of this host's environment but this project's own settings reaches a run."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipelines.environment import is_ours, is_setting

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[sources.github]
access_token = "of another project"

[destination.duckdb]
credentials = "elsewhere.duckdb"

[normalize.parquet_normalizer]
add_dlt_load_id = false
"""
DLT = {
    "DEV_MODE": "true",
    "DATASET_NAME": "elsewhere",
    "RESTORE_FROM_DESTINATION": "false",
    "WORKERS": "nonsense",
    "LOAD__WORKERS": "nonsense",
    "LOG_LEVEL": "nonsense",
    "RUNTIME__LOG_LEVEL": "nonsense",
    "SCHEMA__NAMING": "no_such_convention",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "false",
    "PROGRESS": "tqdm",
    "DLT_DATA_DIR": "/nonexistent",
    "DLT_CONFIG_FOLDER": "elsewhere",
}
DBT = {
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_PROFILES_DIR": "/nonexistent",
    "DBT_PROJECT_DIR": "/nonexistent",
    "DBT_ENGINE_PROJECT_DIR": "/nonexistent",
    "DBT_TARGET_PATH": "/nonexistent",
    "DBT_FAIL_FAST": "true",
    "DBT_WARN_ERROR": "true",
    "DBT_EMPTY": "true",
    "DBT_STATE": "/nonexistent",
    "DBT_DEFER": "true",
    "DBT_RESOURCE_TYPES": "seed",
    "DBT_LOG_PATH": "/nonexistent",
}
LIBPQ = {
    "PGHOST": "192.0.2.1",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGDATABASE": "nobody",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nonexistent",
    "PGSERVICE": "nobody",
    "PGSERVICEFILE": "/nonexistent",
    "PGOPTIONS": "-c search_path=nobody -c default_transaction_read_only=on",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nonexistent",
    "PGREQUIREAUTH": "none",
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGTZ": "Pacific/Auckland",
    "PGDATESTYLE": "German",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCONNECT_TIMEOUT": "nonsense",
}
SERVICES = {
    "SOCIAL_PORT": "tcp://10.0.0.1:8090",
    "SOCIAL_SERVICE_HOST": "10.0.0.1",
    "SOCIAL_PORT_8090_TCP": "tcp://10.0.0.1:8090",
    "POSTGRES_PORT": "tcp://10.0.0.2:5432",
    "SOCIAL_SANDBOX_PORT": "tcp://10.0.0.3:8080",
}
PROXIES = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    "http://127.0.0.1:9",
)
HOSTILE = DLT | DBT | LIBPQ | SERVICES | PROXIES


@pytest.fixture(scope="module")
def sandbox(new_sandbox):
    return new_sandbox(accounts=2, posts=6, days=10)


def other_project(folder):
    """A folder in which another dlt project lives."""
    settings = folder / ".dlt"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(CONFIG)
    return folder


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_run_in_a_hostile_environment_is_as_any_other(new_project, sandbox, request, engine):
    """Rows, marts, status and verify, with everything set that other programs read; and a `.dlt` of
    another project where dlt looks for one of its own."""
    server = request.getfixturevalue("postgres") if engine == "postgres" else None
    project = new_project(sandbox, postgres=server)
    home = project.folder / "home"
    other_project(home)
    (home / ".netrc").write_text("machine 127.0.0.1 login nobody password wrong\n")
    env = HOSTILE | {"DLT_PROJECT_DIR": str(home), "SOCIAL_NO_TRANSFORM": ""}

    ran = project.sync(**env)

    assert ran.code == 0, ran.stderr
    assert ran.result["transform"]["models"] > 10
    assert [project.social(name, **env).code for name in ("status", "verify")] == [0, 0]
    assert project.query("select count(*) from accounts where _dlt_load_id is not null") == [(2,)]
    schemas = "select count(*) from information_schema.schemata where schema_name like 'elsewhere%'"
    assert project.query(schemas) == [(0,)]
    # The rate of a key is shared by all runs of a user: its file is the only one that is added.
    added = [path for path in home.rglob("*") if path.is_file() and ".local" not in path.parts]
    assert sorted(path.name for path in added) == [".netrc", "config.toml"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout of this project, elsewhere than the tests run."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pipelines", "sources", ".dlt"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def status(checkout, folder, **env):
    """`social status` of that checkout, run from a folder; there is no warehouse anywhere."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(checkout)} | env
    command = [sys.executable, "-m", "pipelines", "status"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True).stderr


@pytest.mark.parametrize("how", ["working directory", "variable"])
def test_another_projects_settings_are_not_used_without_a_word(checkout, tmp_path, how):
    """cron starts in HOME, where another project left its `.dlt`; or that one's variable is set."""
    other = other_project(tmp_path / "other")
    (tmp_path / "empty").mkdir()

    if how == "variable":
        said = status(checkout, tmp_path / "empty", DLT_PROJECT_DIR=str(other))
    else:
        said = status(checkout, other)

    assert f"no warehouse at {checkout}/data/warehouse.duckdb" in said
    assert f"{other}/.dlt is not read" in said


@pytest.mark.parametrize("how", ["working directory", "variable"])
def test_the_projects_own_folder_wins(checkout, tmp_path, how):
    own = tmp_path / "own"
    (own / ".dlt").mkdir(parents=True)
    (own / ".dlt" / "secrets.toml").write_text('[sources.genviral]\napi_key = "k"\n')
    (tmp_path / "home").mkdir()

    if how == "variable":
        said = status(checkout, tmp_path / "home", DLT_PROJECT_DIR=str(own))
    else:
        said = status(checkout, own)

    assert said.strip().startswith(f"there is no warehouse at {own}/data/warehouse.duckdb")


def test_dlts_folder_in_home_gives_no_key(new_project, sandbox):
    """dlt merges ~/.dlt/secrets.toml into every project."""
    project = new_project(sandbox)
    settings = project.folder / "home" / ".dlt"
    settings.mkdir()
    (settings / "secrets.toml").write_text('[sources.tokportal]\napi_key = "of another project"\n')

    ran = project.sync(SOURCES__TOKPORTAL__API_KEY="")

    assert ran.code == 2
    assert "no key is configured for" in ran.messages[-1]


def test_every_section_of_the_configuration_can_be_set_by_variables():
    """But for those that are of dlt, which `social` sets by itself."""
    sections = set(tomllib.loads((ROOT / ".dlt" / "config.toml").read_text()))

    read = sections - {"runtime", "normalize", "data_writer"}
    assert [name for name in sorted(read) if not is_setting(f"{name.upper()}__NAME")] == []


@pytest.mark.parametrize(
    ("file", "text", "ours"),
    [
        ("config.toml", "[sources.tokportal]\nconcurrency = 4\n", True),
        ("config.toml", "sources.tokfluence.concurrency = 4\n", True),
        ("secrets.toml", '[sources.genviral.keys.acme]\napi_key = "k"\n', True),
        ("config.toml", "[sync]\nbatch_rows = 4\n", True),
        ("clients.toml", "", True),
        ("config.toml", CONFIG, False),
        ("config.toml", "# [sources.tokportal]\n[load]\nworkers = 4\n", False),
        ("config.toml", "[broken", False),
        ("pipelines.txt", "", False),
    ],
)
def test_whose_a_folder_is(tmp_path, file, text, ours):
    """What README.md says: its own files, or a section that only this project has."""
    (tmp_path / file).write_text(text)

    assert is_ours(tmp_path) is ours
