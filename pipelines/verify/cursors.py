"""Cursors: none lies in the future, and none is ahead of the rows that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sources
from sources.landing.days import iso
from sources.landing.tables import Table

from ..destinations import Warehouse
from ..loads import ledger
from .declared import NOW
from .findings import Finding
from .rule import SHOWN

_AHEAD = timedelta(days=1)  # clocks of a provider's own parts differ
_REMEDY = "`social sync --full-refresh --accounts <id>` reads the account again from the start."

# The newest state of each pipeline (one per shard) whose load completed.
_STATES = """
    select state from (
        select s.state, row_number() over (partition by s.pipeline_name
            order by s._dlt_load_id desc) as age
        from {schema}._dlt_pipeline_state s
        join {schema}._dlt_loads l on l.load_id = s._dlt_load_id and l.status = 0) aged
    where age = 1"""

FUTURE = "no cursor lies in the future"
PASSED = "no cursor is ahead of the rows that it speaks of"
_NEEDED = frozenset(
    {"_dlt_pipeline_state", "_dlt_loads", "sync_account_status", "sync_runs", "sync_completeness"}
)

# Stream, the field of its cursor, and the column that must reach it.
_REACHES = {
    "tokportal": (
        ("daily_series", "through", "daily_series", "date"),
        ("account_raw_snapshots", "raw_through", "account_raw_snapshots", "captured_at"),
    ),
    "genviral": (("daily_series", "through", "daily_series", "date"),),
}


def check(
    warehouse: Warehouse, provider: str, there: set[str]
) -> Iterator[tuple[str, list[Finding]]]:
    """Both rules, where there are cursors."""
    if not there >= _NEEDED:
        return
    cursors = list(_cursors(warehouse, provider))
    yield FUTURE, _found(provider, FUTURE, _future(warehouse, provider, cursors))
    yield PASSED, _found(provider, PASSED, _passed(warehouse, provider, there, cursors))
    yield from _marks(warehouse, provider, there)


Cursor = tuple[str, str, str, dict[str, Any]]  # tenant, account, stream, fields


def _cursors(warehouse: Warehouse, provider: str) -> Iterator[Cursor]:
    from dlt.common.versioned_state import decompress_state

    for (state,) in warehouse.query(_STATES.format(schema=f'"{provider}"')):
        said: Any = decompress_state(state)
        tenants = said.get("sources", {}).get(provider, {}).get("tenants", {})
        for tenant, kept in tenants.items():
            for stream, fields in (kept.get("owner") or {}).items():
                if isinstance(fields, dict):
                    yield tenant, "", stream, fields
            for account_id, streams in (kept.get("accounts") or {}).items():
                for stream, fields in streams.items():
                    if isinstance(fields, dict):
                        yield tenant, account_id, stream, fields


def _future(warehouse: Warehouse, provider: str, cursors: list[Cursor]) -> Iterator[str]:
    schema = f'"{provider}"'
    now = warehouse.query(NOW.format(schema=schema))[0][0]
    if now is None:
        return
    latest = iso(now.astimezone(UTC) + _AHEAD)
    for _, account_id, stream, fields in cursors:
        ahead = [name for name, value in fields.items() if _is_after(value, latest)]
        if ahead:
            yield "/".join(filter(None, (account_id, stream, *ahead)))
    statuses = ledger(schema, "sync_account_status")
    sql = f'select account_id, stream from {statuses} s where "cursor" > ?'
    for account_id, stream in warehouse.query(sql, [latest]):
        yield f"{account_id}/{stream}"


def _is_after(value: Any, latest: str) -> bool:
    """Cursors are ISO texts, in which text order is time order."""
    return isinstance(value, str) and value[:4].isdecimal() and value > latest


def _passed(
    warehouse: Warehouse, provider: str, there: set[str], cursors: list[Cursor]
) -> Iterator[str]:
    for stream, field, name, column in _REACHES.get(provider, ()):
        if name not in there:
            continue
        table = next(t for t in sources.get(provider).DATA_TABLES if t.name == name)
        reached = _reached(warehouse, provider, table, column)
        for tenant, account_id, of_stream, fields in cursors:
            newest, through = reached.get((tenant, account_id)), fields.get(field)
            if of_stream == stream and newest and through and str(through) > newest:
                yield f"{account_id}/{stream}: {through} > {newest}"


def _reached(
    warehouse: Warehouse, provider: str, table: Table, column: str
) -> dict[tuple[str, str], str]:
    sql = (
        f'select tenant, "{table.account}", max("{column}") from "{provider}"."{table.name}"'
        f' group by tenant, "{table.account}"'
    )
    return {(tenant, who): _text(newest) for tenant, who, newest in warehouse.query(sql)}


def _text(newest: Any) -> str:
    return iso(newest) if isinstance(newest, datetime) else str(newest)


def _marks(
    warehouse: Warehouse, provider: str, there: set[str]
) -> Iterator[tuple[str, list[Finding]]]:
    """TokPortal's marks say which raw snapshot of a post is the newest that is held."""
    if provider != "tokportal" or not there >= {"post_marks", "post_raw_snapshots"}:
        return
    rule = "every post has the raw snapshots that its mark says are held"
    sql = """
        select m.tracked_post_id from "tokportal".post_marks m where m.raw_through is not null
        and not exists (select 1 from "tokportal".post_raw_snapshots r where r.tenant = m.tenant
            and r.tracked_post_id = m.tracked_post_id and r.captured_at >= m.raw_through)"""
    yield (
        rule,
        _found(provider, rule, (str(post) for (post,) in warehouse.query(sql)), "post_marks"),
    )


def _found(
    provider: str, rule: str, keys: Iterator[str], table: str = "_dlt_pipeline_state"
) -> list[Finding]:
    found = list(keys)
    if not found:
        return []
    return [Finding(provider, rule, table, len(found), found[:SHOWN], _REMEDY)]
