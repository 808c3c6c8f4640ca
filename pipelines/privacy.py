"""What may not be stored: `[privacy]`, `[retention]`, and what `social forget` has erased.

Rules of erasure are rows of `<provider>.privacy_rules`, so that they stay with the warehouse and
its backups. They hold hashes and no names.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

import sources
from sources.http import json_body
from sources.http.errors import ProviderError
from sources.landing import payload
from sources.landing.outcomes import PRIVACY_RULES
from sources.landing.privacy import AGED_BY, Privacy
from sources.landing.tables import Table

from .builds import note_retyped, prepare_note
from .destinations import Warehouse
from .destinations.ddl import named
from .exits import usage
from .expected import recount
from .reprocess import write_cells
from .reread import Read, rows_of, spans

Row = dict[str, Any]

_NEVER_DROPPED = ("tenant", "payload", "fetched_at")


@dataclass(frozen=True)
class PrivacySettings:
    """`[privacy]` and the days of `[retention]`. `drop`: columns by provider and table."""

    author_salt: str | None = field(default=None, repr=False)
    drop: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)

    def digest(self, provider: str) -> str:
        """Which settings the stored rows of a provider follow; tells nothing about the salt."""
        drop = {table: sorted(names) for table, names in self.drop.get(provider, {}).items()}
        salt = hashlib.sha256((self.author_salt or "").encode()).hexdigest()[:16]
        return f"{salt if self.author_salt else 'plain'} {json.dumps(drop, sort_keys=True)}"


def parse_drop(names: list[str]) -> dict[str, dict[str, frozenset[str]]]:
    """`["tokportal.comments.author_username"]` by provider and table. Raises Stop (usage) for a
    column that does not exist or that is part of a key."""
    drop: dict[str, dict[str, frozenset[str]]] = {}
    for name in names:
        provider, _, rest = name.partition(".")
        table_name, _, column = rest.partition(".")
        tables = {t.name: t for t in sources.get(provider).TABLES} if _is(provider) else {}
        table = tables.get(table_name)
        if table is None or column not in table.by_name or not table.by_name[column].aliases:
            raise usage(
                f"privacy.drop: {name!r} is no column that a provider fills",
                "Write provider.table.column; `social schema` lists them.",
            )
        if column in (*table.key, *_NEVER_DROPPED):
            raise usage(f"privacy.drop: {name!r} is part of the key", "A key cannot be dropped.")
        of_provider = drop.setdefault(provider, {})
        of_provider[table_name] = of_provider.get(table_name, frozenset()) | {column}
    return drop


def _is(provider: str) -> bool:
    return provider in sources.names()


def keep_private(warehouse: Warehouse, provider: str, settings: PrivacySettings) -> None:
    """Make stored rows follow the settings, before a run adds to them. Makes the warehouse's salt
    when it has none."""
    if not any(rule["kind"] == "salt" for rule in _rules(warehouse, provider)):
        _make_salt(warehouse, provider)
    privacy = privacy_of(warehouse, provider, settings)
    _apply_settings(warehouse, provider, settings, privacy)
    if prune(warehouse, provider, privacy):
        recount(warehouse, provider)
        rebuild_marts(warehouse, "retention")


def privacy_of(warehouse: Warehouse | None, provider: str, settings: PrivacySettings) -> Privacy:
    """The rules of a run: the settings, and what was forgotten."""
    rules = _rules(warehouse, provider) if warehouse is not None else []
    now = warehouse_now(warehouse, provider) if warehouse is not None else datetime.now(UTC)
    oldest = _oldest(rules, settings, now)
    return Privacy(
        salt=next((rule["subject"] for rule in rules if rule["kind"] == "salt"), ""),
        authors=_subjects(rules, "author"),
        accounts=_subjects(rules, "account"),
        author_salt=settings.author_salt,
        drop=settings.drop.get(provider, {}),
        oldest=oldest,
    )


def _rules(warehouse: Warehouse, provider: str) -> list[Row]:
    if PRIVACY_RULES.name not in warehouse.tables(provider):
        return []
    rows = warehouse.arrow(f"select * from {named(provider, PRIVACY_RULES.name)}")
    found: list[Row] = rows.to_pylist()
    return found


def _subjects(rules: list[Row], kind: str) -> frozenset[str]:
    return frozenset(rule["subject"] for rule in rules if rule["kind"] == kind)


def _oldest(rules: list[Row], settings: PrivacySettings, now: datetime) -> dict[str, datetime]:
    oldest = {kind: now - timedelta(days=days) for kind, days in settings.days.items()}
    for rule in rules:
        if rule["kind"] == "comments_before":
            oldest["comments"] = max(rule["before"], oldest.get("comments", rule["before"]))
    return oldest


def warehouse_now(warehouse: Warehouse, provider: str) -> datetime:
    """The newest reading of a provider, on its own clock (UTC); else this machine's time."""
    if "sync_account_status" in warehouse.tables(provider):
        sql = f'select max(last_attempt_at) from "{provider}".sync_account_status'
        found: datetime | None = warehouse.query(sql)[0][0]
        if found is not None:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.now(UTC)


def put_rule(
    warehouse: Warehouse,
    provider: str,
    kind: str,
    subject: str | None,
    before: datetime | None = None,
) -> None:
    """Keep a rule. The same rule again changes nothing but its date."""
    one_only = kind in ("salt", "settings", "comments_before")
    row = {
        "tenant": "default",
        "rule_id": kind if one_only else f"{kind}:{subject}",
        "kind": kind,
        "subject": subject,
        "before": before,
        "fetched_at": datetime.now(UTC),
    }
    rows = pa.Table.from_pylist([row], schema=PRIVACY_RULES.arrow_schema)
    warehouse.put(provider, PRIVACY_RULES, rows)


def _make_salt(warehouse: Warehouse, provider: str) -> None:
    """The salt of the other providers, else a new one. Marts hash authors with it, so the next
    build starts from nothing."""
    every = [rule for name in sources.names() for rule in _rules(warehouse, name)]
    known = next((rule["subject"] for rule in every if rule["kind"] == "salt"), None)
    salt = known or secrets.token_hex(32)
    put_rule(warehouse, provider, "salt", salt)
    rebuild_marts(warehouse, "salt")


def rebuild_marts(warehouse: Warehouse, reason: str) -> None:
    """The next build of the marts starts from nothing, where there are marts."""
    if prepare_note(warehouse):
        with warehouse.transaction() as execute:
            note_retyped(execute, reason)


def _apply_settings(
    warehouse: Warehouse, provider: str, settings: PrivacySettings, privacy: Privacy
) -> None:
    """Make stored rows follow `[privacy]` where it changed since they were written."""
    before = next((r for r in _rules(warehouse, provider) if r["kind"] == "settings"), None)
    digest = settings.digest(provider)
    if before is not None and before["subject"] == digest:
        return
    changed = 0
    if before is not None or digest != PrivacySettings().digest(provider):
        for table in _stored(warehouse, provider):
            if privacy.drop.get(table.name) or (
                privacy.author_salt is not None and table.retention == "comments"
            ):
                changed += _rewrite(warehouse, provider, table, privacy)
    put_rule(warehouse, provider, "settings", digest)
    if changed:
        rebuild_marts(warehouse, "privacy")


def _stored(warehouse: Warehouse, provider: str) -> Iterator[Table]:
    there = warehouse.tables(provider)
    return (table for table in sources.get(provider).TABLES if table.name in there)


def _rewrite(warehouse: Warehouse, provider: str, table: Table, privacy: Privacy) -> int:
    changed = 0
    dropped = privacy.drop.get(table.name, frozenset())
    for name in dropped:  # also of rows that have no payload
        with warehouse.transaction() as execute:
            execute(f'update {named(provider, table.name)} set "{name}" = null')
    columns = [column.name for column in table.all_columns]
    for span in list(spans(warehouse, provider, table)):
        rows = rows_of(warehouse, provider, table, columns, span)
        reads = [Read(row, _differing(row, _by_settings(table, row, privacy))) for row in rows]
        changed += write_reads(warehouse, provider, table, reads)
    return changed


def _by_settings(table: Table, row: Row, privacy: Privacy) -> Row:
    cleaned = privacy.clean(table, _parsed(row["payload"]))
    now = row | {"payload": payload.dump(cleaned)}
    if table.retention == "comments" and privacy.author_salt is not None:
        author = row.get("author_username")
        now["author_username"] = privacy.hashed_author(author) if author else author
        now |= dict.fromkeys(now.keys() & {"author_picture_url"})
    return now | dict.fromkeys(privacy.drop.get(table.name, ()))


def _parsed(text: str) -> Row:
    try:
        value: Any = json_body.parse(text.encode())
    except ProviderError:
        return {}
    return value if isinstance(value, dict) else {}


def _differing(row: Row, now: Row) -> Row:
    return {name: value for name, value in now.items() if value != row[name]}


def write_reads(warehouse: Warehouse, provider: str, table: Table, reads: list[Read]) -> int:
    """Write the cells that differ. Returns how many rows changed."""
    changed = [read for read in reads if read.differs]
    if changed:
        with warehouse.transaction() as execute:
            write_cells(execute, provider, table, changed)
    return len(changed)


def mask_stored(
    warehouse: Warehouse, provider: str, table: Table, names: list[str], privacy: Privacy
) -> int:
    """Replace names of forgotten authors in the stored rows that mention one. Returns the number of
    changed rows."""
    texts = [c for c in table.all_columns if c.type in ("text", "json") and c.name != "tenant"]
    if not texts or set(table.merge_key) - set(table.by_name):
        return 0
    mentions = " or ".join(
        f'position(? in lower(cast("{column.name}" as varchar))) > 0'
        for column in texts
        for _ in names
    )
    values = [name for _ in texts for name in names]
    sql = f"select * from {named(provider, table.name)} where {mentions}"
    free = table.quotes_people or table.kind != "data"
    reads = []
    for row in warehouse.arrow(sql, values).to_pylist():
        now = dict(row)
        for column in texts:
            if row[column.name] is not None and column.name not in table.merge_key:
                now[column.name] = _masked_text(row[column.name], column.type, privacy, free)
        reads.append(Read(row, _differing(row, now)))
    return write_reads(warehouse, provider, table, reads)


def _masked_text(text: str, kind: str, privacy: Privacy, free: bool) -> str:
    if kind == "json":
        try:
            masked = privacy.masked(json_body.parse(text.encode()), everywhere=free)
            return payload.dump(masked)
        except ProviderError:
            free = True  # not JSON: what was kept of an answer that could not be read
    return str(privacy.masked(text, everywhere=free))


def prune(warehouse: Warehouse, provider: str, privacy: Privacy) -> dict[str, int]:
    """Delete what `[retention]` and `comments_before` no longer keep. Returns rows by table."""
    deleted = {}
    if (oldest := privacy.oldest.get("raw")) is not None:
        _unlink(warehouse, provider, oldest)
    for table in _stored(warehouse, provider):
        if table.retention is not None and table.retention in privacy.oldest:
            condition = f"{AGED_BY[table.retention]} < ?"
            values = [privacy.oldest[table.retention]]
            deleted[table.name] = delete_rows(warehouse, provider, table.name, condition, values)
    return {name: count for name, count in deleted.items() if count}


def _unlink(warehouse: Warehouse, provider: str, oldest: datetime) -> None:
    """Observations older than the raw snapshots that are kept no longer name one."""
    for table in _stored(warehouse, provider):
        if "snapshot_id" in table.by_name and "snapshot_id" not in table.key:
            where = f"{named(provider, table.name)} set snapshot_id = null"
            with warehouse.transaction() as execute:
                execute(
                    f"update {where} where snapshot_id is not null and captured_at < ?", [oldest]
                )


def delete_rows(
    warehouse: Warehouse, provider: str, table: str, condition: str, values: list[Any]
) -> int:
    """Delete the rows that fit. Returns how many there were."""
    where = f"{named(provider, table)} where {condition}"
    count = int(warehouse.query(f"select count(*) from {where}", values)[0][0])
    if count:
        with warehouse.transaction() as execute:
            execute(f"delete from {where}", values)
    return count
