"""The canonical dump: every table as sorted lines, the same for the same content in any engine."""

import json
from datetime import date, datetime
from typing import Any

import duckdb
import psycopg2
import psycopg2.extras

# What differs from run to run though the content is the same.
OF_A_RUN = frozenset({"_dlt_load_id", "run_id", "entry_id", "reject_id"})
LEFT_OUT = ("_dlt_", "sync_runs", "privacy_rules")  # the last holds a random salt

# Moments of a reading: two warehouses that hold the same were not read in the same second.
OF_A_READING = frozenset(
    {
        *("fetched_at", "first_read_at", "first_seen_at", "last_seen_at", "read_at"),
        *("last_attempt_at", "last_success_at", "last_checked_at", "measured_at"),
    }
)

Dump = dict[str, list[str]]


def dump(warehouse: Any, schema: str = "tokportal") -> Dump:
    """Lines by table; `warehouse` is a file of DuckDB or a URL of Postgres."""
    connection = _opened(str(warehouse))
    try:
        return {table: _lines(connection, schema, table) for table in _tables(connection, schema)}
    finally:
        connection.close()


def without_moments(line: str) -> str:
    """A line of a dump without the moments at which its row was read."""
    row = {
        name: value
        for name, value in json.loads(line).items()
        if name not in OF_A_READING and not name.endswith("_changed_at")
    }
    return json.dumps(row, sort_keys=True)


def _opened(where: str) -> Any:
    if not where.startswith("postgres"):
        connection: Any = duckdb.connect(where, read_only=True)
        connection.execute("set timezone = 'UTC'")
        return connection
    connection = psycopg2.connect(where, options="-c timezone=UTC")
    psycopg2.extras.register_default_json(connection, loads=lambda text: text)
    return connection


def _rows(connection: Any, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = connection.cursor()
    cursor.execute(sql)
    return [column[0] for column in cursor.description], cursor.fetchall()


def _tables(connection: Any, schema: str) -> list[str]:
    sql = f"select table_name from information_schema.tables where table_schema = '{schema}'"
    return sorted(name for (name,) in _rows(connection, sql)[1] if not name.startswith(LEFT_OUT))


def _lines(connection: Any, schema: str, table: str) -> list[str]:
    names, rows = _rows(connection, f'select * from {schema}."{table}"')
    # Clients are derived after the last answer: their moment is not that of an answer.
    left_out = OF_A_RUN | ({"fetched_at"} if table == "clients" else set())
    return sorted(
        json.dumps(
            {n: _canonical(v) for n, v in zip(names, row, strict=True) if n not in left_out},
            sort_keys=True,
        )
        for row in rows
    )


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(("{", "[")):
        return _parsed(value)
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
