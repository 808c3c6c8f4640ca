"""`social schema`: every table and column with its meaning, from the declarations."""

from __future__ import annotations

import json
from collections.abc import Iterable

import sources
from sources.landing.tables import Table

from .dbt_sources import as_dbt
from .destinations import ddl
from .ledger import SYNC_RUNS
from .verify.findings import VERIFY_FINDINGS


def declared() -> dict[str, list[Table]]:
    """Tables by schema."""
    return {
        name: [*sources.get(name).TABLES, SYNC_RUNS, VERIFY_FINDINGS] for name in sources.names()
    }


def describe(format_: str, shards: int = 1) -> str:
    """The whole dictionary as a text table, Markdown, JSON, SQL or dbt sources; or the roles on
    Postgres."""
    if format_ == "grants":
        from .destinations.grants import script

        return script(sources.names(), shards)
    writers = {"table": _as_text, "md": _as_markdown, "json": _as_json, "sql": _as_sql}
    return (writers | {"dbt": as_dbt})[format_](declared())


def _as_text(schemas: dict[str, list[Table]]) -> str:
    lines = []
    for schema, tables in schemas.items():
        for table in tables:
            lines += [f"{schema}.{table.name}  {table.grain}; key {', '.join(table.key)}"]
            lines += [f"    {c.name:<26}{c.type:<11}{c.description}" for c in table.all_columns]
            lines.append("")
    return "\n".join(lines)


def _as_markdown(schemas: dict[str, list[Table]]) -> str:
    lines = ["# Tables", "", "Printed by `social schema --format md`."]
    for schema, tables in schemas.items():
        for table in tables:
            lines += ["", f"## {schema}.{table.name}", "", f"{_sentence(table.grain)} Key: "]
            lines[-1] += ", ".join(f"`{name}`" for name in table.key) + "."
            lines += ["", "| Column | Type | Meaning |", "|---|---|---|"]
            lines += _markdown_rows(table)
    return "\n".join(lines)


def _markdown_rows(table: Table) -> Iterable[str]:
    for column in table.all_columns:
        meaning = column.description.replace("|", "\\|")
        yield f"| `{column.name}` | {column.type} | {meaning} |"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _as_json(schemas: dict[str, list[Table]]) -> str:
    value = {
        schema: {
            table.name: {
                "grain": table.grain,
                "key": list(table.key),
                "kind": table.kind,
                "columns": {
                    c.name: {"type": c.type, "description": c.description}
                    for c in table.all_columns
                },
            }
            for table in tables
        }
        for schema, tables in schemas.items()
    }
    return json.dumps(value, indent=2)


def _as_sql(schemas: dict[str, list[Table]]) -> str:
    lines = []
    for schema, tables in schemas.items():
        lines.append(f'create schema if not exists "{schema}";')
        for table in tables:
            lines.append(f"{ddl.create_table(schema, table)};")
            lines += [f"{statement};" for *_, statement in ddl.comments(schema, table)]
    return "\n".join(lines)
