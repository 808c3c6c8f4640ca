"""Makes one of the files in warehouses/: what an older commit of this project loads, as SQL.

It is run with the older commit first on the path (README.md of this folder says how), starts that
commit's sandbox with a tiny world, syncs it twice, a day apart, and writes every table of the
provider schemas and of `social` as statements that DuckDB and Postgres both take.
"""

import lzma
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg2
import psycopg2.extras

WORLD = {"accounts": 3, "posts": 9, "days": 8}
SETTINGS = {
    "SOURCES__TOKPORTAL__RAW_MAX_LAG_DAYS": "0",
    "SOURCES__TOKFLUENCE__POSTS_FROM": "tokportal",
}
KEYS = {
    "tokportal": "sk_sandbox_full_old",
    "genviral": "gva_sandbox_full.old",
    "tokfluence": "tkf_sandbox_old",
}
LEFT_OUT = ("marts", "transform", "information_schema", "pg_catalog")
FOLDER = "/srv/social-warehouse"  # stands for the folder in which the file was made
TYPES = {"text": "varchar", "character varying": "varchar", "double": "double precision"}


def make(name: str, postgres_url: str = "") -> Path:
    """Write warehouses/<name>.sql.xz and return its path."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        _sync_twice(place, postgres_url)
        where = postgres_url or str(place / "warehouse.duckdb")
        text = "".join(f"{statement};\n" for statement in statements(where))
        text = text.replace(str(place), FOLDER).replace(
            f"'{socket.gethostname()}'", "'old-machine'"
        )
    output = Path(__file__).parent / "warehouses" / f"{name}.sql.xz"
    output.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    return output


def _sync_twice(place: Path, postgres_url: str) -> None:
    import sandbox

    tree = Path(sandbox.__file__).parent.parent
    os.chdir(tree)  # the child's path begins with the working folder
    from sandbox.server import Settings, start

    known = {field.name for field in fields(Settings)}
    rates = dict.fromkeys({"rate", "genviral_rate", "tokfluence_rate"} & known, 1_000_000)
    child = start(Settings(**WORLD, **rates))
    base_urls = child.base_urls
    (place / ".dlt").mkdir()
    shutil.copy(tree / ".dlt" / "config.toml", place / ".dlt")
    settings = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(place),
        "TMPDIR": str(place),
        "PYTHONPATH": str(tree),
        "DESTINATION__DUCKDB__CREDENTIALS": str(place / "warehouse.duckdb"),
        "SOCIAL_NO_TRANSFORM": "1",
        **SETTINGS,
    }
    if postgres_url:
        settings |= {
            "DESTINATION__POSTGRES__CREDENTIALS": postgres_url,
            "SOCIAL_TARGET": "postgres",
        }
    for provider, url in base_urls.items():
        settings[f"SOURCES__{provider}__BASE_URL".upper()] = url
        settings[f"SOURCES__{provider}__API_KEY".upper()] = KEYS[provider]
        if provider != "tokportal":
            settings[f"SOURCES__{provider}__REQUESTS_PER_MINUTE".upper()] = "1000000"
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "sync"]
    if "tokfluence" in base_urls:
        command += ["--exclude", "tokfluence.comments"]  # thousands, even of nine posts
    try:
        for _ in range(2):
            subprocess.run(command, cwd=place, env=settings, check=True)
            moved = httpx.post(f"{child.url}/_sandbox/clock", json={"advance_seconds": 86_400})
            moved.raise_for_status()
    finally:
        child.stop()


def statements(where: str) -> Iterator[str]:
    """Schemas, tables, unique indexes and rows of a warehouse."""
    connection = _connect(where)
    columns = _rows(
        connection,
        "select table_schema, table_name, column_name, data_type, is_nullable"
        " from information_schema.columns order by table_schema, table_name, ordinal_position",
    )
    tables: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for schema, table, *column in columns:
        if schema not in LEFT_OUT:
            tables.setdefault((schema, table), []).append(tuple(column))
    for schema in sorted({schema for schema, _ in tables}):
        yield f'create schema "{schema}"'
    for (schema, table), described in tables.items():
        yield f'create table "{schema}"."{table}" ({", ".join(map(_column, described))})'
    if where.startswith("postgres"):
        for (definition,) in _rows(
            connection,
            "select indexdef from pg_indexes where schemaname not in"
            f" {LEFT_OUT} order by schemaname, indexname",
        ):
            yield definition
    for schema, table in tables:
        if "_staging" in schema:
            continue  # whose rows the next load replaces
        for row in sorted(_rows(connection, f'select * from "{schema}"."{table}"'), key=repr):
            values = ", ".join(map(_literal, row))
            yield f'insert into "{schema}"."{table}" values ({values})'
    connection.close()


def _connect(where: str) -> Any:
    if not where.startswith("postgres"):
        connection: Any = duckdb.connect(where, read_only=True)
        connection.execute("set timezone = 'UTC'")
        return connection
    connection = psycopg2.connect(where, options="-c timezone=UTC")
    psycopg2.extras.register_default_json(connection, loads=lambda text: text)
    return connection


def _rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.execute(sql)
    return list(cursor.fetchall())


def _column(column: tuple[str, str, str]) -> str:
    name, type_, nullable = column
    kind = TYPES.get(type_.lower(), type_.lower())
    return f'"{name}" {kind}{"" if nullable == "YES" else " not null"}'


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    written = make(*sys.argv[1:])
    print(f"{written.name}: {written.stat().st_size:,} bytes")
