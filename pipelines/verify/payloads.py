"""Typed columns against the payloads that they were read from, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import sources
from sources.landing.rows import identifier
from sources.landing.tables import Table

from ..destinations import Warehouse
from ..reread import Read, Row, rereader, rows_of, spans
from .findings import Finding
from .rule import SHOWN

# Rows whose payload may name an account by another id than the one that analytics know.
_OTHER_ACCOUNT = ("bundles", "bundle_videos", "account_bans", "video_export")


def rule_name(table: Table) -> str:
    return f"typed columns of {table.name} say what the payload says"


def check(
    warehouse: Warehouse, provider: str, there: set[str]
) -> Iterator[tuple[str, list[Finding]]]:
    """The rule and what it found, for every stored table with payloads."""
    stored = warehouse.tables(provider)
    for table in sources.get(provider).DATA_TABLES:
        # Of columns that a newer version declares there are none before the next sync.
        if table.payload and table.by_name.keys() <= stored.get(table.name, set()):
            yield rule_name(table), _check_table(warehouse, provider, table)


def _check_table(warehouse: Warehouse, provider: str, table: Table) -> list[Finding]:
    broken, examples = 0, list[str]()
    for row, wrong in _wrong_rows(warehouse, provider, table):
        broken += 1
        if len(examples) < SHOWN:
            key = "/".join(str(row[name]) for name in table.key)
            examples.append(f"{key}: {', '.join(wrong)}")
    if not broken:
        return []
    remedy = f"`social reprocess -s {provider}.{table.name}` types them again."
    return [Finding(provider, rule_name(table), table.name, broken, examples, remedy)]


def _wrong_rows(
    warehouse: Warehouse, provider: str, table: Table
) -> Iterator[tuple[Row, list[str]]]:
    reader, columns = rereader(warehouse, provider, table), list(table.by_name)
    for span in spans(warehouse, provider, table):
        for row in rows_of(warehouse, provider, table, columns, span):
            if wrong := _wrong(table, row, reader.read(row)):
                yield row, wrong


def _wrong(table: Table, row: Row, read: Read) -> list[str]:
    if read.reject:
        return [read.reject.reason]
    wrong = sorted(read.differs)
    if table.account == "account_id" and table.name not in _OTHER_ACCOUNT:
        named = identifier(read.payload, "account_id", "saved_account_id")
        if named not in (None, row.get("account_id")):
            wrong.append("account_id")
    return wrong
