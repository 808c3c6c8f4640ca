"""What dbt must know to reach a warehouse, from our settings: no file of the user's is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .destinations import Destination, DuckDB

SCHEMA = "transform"
_PASSWORD = "DBT_ENV_SECRET_SOCIAL_PASSWORD"  # noqa: S105  (a name; dbt hides what such a variable holds)
_THREADS = 4
_RETRIES = 7  # dbt's pauses add up to 91 s: a server may have no connection free
_POSTGRES = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "keepalives_idle")


@contextmanager
def profile(place: Destination, folder: Path) -> Iterator[None]:
    """profiles.yml in this folder; the password stays in this process, while the block runs."""
    output, password = _duckdb(place) if isinstance(place, DuckDB) else _postgres(place)
    said = {"social": {"target": "warehouse", "outputs": {"warehouse": output}}}
    (folder / "profiles.yml").write_text(json.dumps(said))  # JSON is YAML
    with _environment(
        {_PASSWORD: password, "PGTZ": "UTC", "PGCLIENTENCODING": "UTF8", "DO_NOT_TRACK": "1"}
    ):
        yield


def _duckdb(place: DuckDB) -> tuple[dict[str, Any], str]:
    return {
        "type": "duckdb",
        "path": str(place.path),
        "schema": SCHEMA,
        "threads": _THREADS,
        "settings": {"TimeZone": "UTC"},
        "keep_open": False,
    }, ""


def _postgres(place: Any) -> tuple[dict[str, Any], str]:
    from psycopg2.extensions import parse_dsn

    dsn = parse_dsn(place.address.url)
    kept = {name: dsn[name] for name in _POSTGRES if name in dsn}
    numbers = {name: int(kept[name]) for name in kept if kept[name].isdigit()}
    output = {
        "type": "postgres",
        "host": dsn["host"],
        "port": int(dsn.get("port", 5432)),
        "user": dsn["user"],
        "password": f"{{{{ env_var('{_PASSWORD}') }}}}",
        "dbname": dsn["dbname"],
        "schema": SCHEMA,
        "threads": _THREADS,
        "application_name": "social",
        "retries": _RETRIES,
        **kept,
        **numbers,
    }
    return output, dsn.get("password", "")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
