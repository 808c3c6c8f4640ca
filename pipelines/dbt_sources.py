"""The declarations as dbt sources; `social schema --format dbt` prints models/sources.yml."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sources.landing.tables import Table

from .destinations import ddl

_HEAD = "# Printed by `social schema --format dbt`; a test keeps it equal to the declarations."

# `dbt source freshness` looks at the one table that every sync writes; others only hold changes.
_EVERY_SYNC = "sync_runs"
_LOADED_AT = "    config: {loaded_at_field: fetched_at}"
_FRESHNESS = (
    "        config: {freshness: {warn_after: {count: 26, period: hour},"
    " error_after: {count: 50, period: hour}}}"
)


def as_dbt(schemas: dict[str, list[Table]]) -> str:
    """Sources by provider, with the meaning and type of every column."""
    lines = [_HEAD, "sources:"]
    for schema, tables in schemas.items():
        lines += [f"  - name: {schema}", _LOADED_AT, "    tables:"]
        for table in tables:
            lines += _table(table)
    return "\n".join(lines)


def _table(table: Table) -> Iterator[str]:
    yield f"      - name: {table.name}"
    yield f"        description: {_text(table.grain)}"
    if table.name == _EVERY_SYNC:
        yield _FRESHNESS
    yield "        columns:"
    for column in ddl.columns_of(table):
        facts = f"name: {column.name}, data_type: {ddl.sql_type(column)}"
        yield f"          - {{{facts}, description: {_text(column.description)}}}"


def _text(text: str) -> str:
    """Braces would be Jinja to dbt."""
    return json.dumps(text.replace("{", "(").replace("}", ")"), ensure_ascii=False)
