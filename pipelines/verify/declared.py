"""Rules that follow from the declarations, for every table of every provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sources
from sources.landing.tables import Derived, Table

from ..loads import ledger
from .rule import SYNC_AGAIN, Rule

# Where an id is the provider's word about something that need not be listed, or belongs to a stream
# that can be selected without the other.
_LOOSE = {
    "tokportal": {
        ("account_bans", "account_id"),  # may be one that a remake has replaced
        ("account_bans", "bundle_id"),
        ("bundles", "account_id"),
        ("bundle_videos", "account_id"),
        ("video_export", "account_id"),
        ("video_export", "tracked_post_id"),
    },
    "genviral": {("published_post_accounts", "account_id")},  # disconnected ones are not listed
    "tokfluence": {("post_marks", "post_id"), ("missing_posts", "post_id")},
}
_OF_ANY_ACCOUNT = ("backfill_chunks", "series_gaps")  # whatever the provider calls an account
_NOT_A_REFERENCE = ("external_ref", "snapshot_id")
_AHEAD = "interval '1 day'"  # clocks of a provider's own parts differ


def rules(provider: str) -> Iterator[Rule]:
    """Keys, references, times, loads and derived tables."""
    source = sources.get(provider)
    for table in source.TABLES:
        yield _unique(table)
        if table.kind != "ledger":
            yield _read_in_time(table)
            yield _load_completed(table)
            yield from _not_ahead(table)
    for child, parent, column in references(provider, source.TABLES):
        yield _known(child, parent, column)
        if _same_owner(child, parent, column):
            yield _one_owner(child, parent, column)
    for derived in getattr(source, "DERIVED", ()):
        yield _derived(derived)


def key_text(table: Table, alias: str = "t") -> str:
    """SQL: the key of a row as text, parts joined by a slash."""
    parts = ", ".join(f'cast({alias}."{name}" as varchar)' for name in table.key)
    return f"concat_ws('/', {parts})"


def _unique(table: Table) -> Rule:
    key = ", ".join(f't."{name}"' for name in table.merge_key)
    sql = (
        f"select {key_text(table)} from {{schema}}.{table.name} t"
        f" group by {key} having count(*) > 1"
    )
    remedy = (
        "Two rows of one fact: was the file restored or written by hand? Delete one of each, then"
        " `social sync`."
    )
    return Rule(f"keys of {table.name} are unique", table.name, sql, remedy=remedy)


def references(provider: str, tables: Sequence[Table]) -> Iterator[tuple[Table, Table, str]]:
    """Child, parent and the column by which the child names it: the whole key of the parent."""
    keyed = {t.key[0]: t for t in sources.get(provider).DATA_TABLES if len(t.key) == 1}
    for child in tables:
        for column in child.columns:
            parent = keyed.get(column.name)
            if parent is None or parent is child or column.name in _NOT_A_REFERENCE:
                continue
            loose = (child.name, column.name) in _LOOSE.get(provider, ())
            if child.kind != "ledger" and child.name not in _OF_ANY_ACCOUNT and not loose:
                yield child, parent, column.name


def _known(child: Table, parent: Table, column: str) -> Rule:
    # A parent that could not be typed is in sync_rejects: its rows are no orphans.
    sql = (
        f"select distinct {key_text(child)} from {{schema}}.{child.name} t"
        f' where t."{column}" is not null and not exists (select 1 from {{schema}}.{parent.name} p'
        f' where p.tenant = t.tenant and p."{column}" = t."{column}")'
        f" and not exists (select 1 from {ledger('{schema}', 'sync_rejects')} r"
        " where r.tenant = t.tenant"
        f" and r.table_name = '{parent.name}')"
    )
    return Rule(
        f"every row of {child.name} belongs to a row of {parent.name}",
        child.name,
        sql,
        ("sync_rejects", "_dlt_loads"),
        filled=(parent.name,),
    )


def _derived(derived: Derived) -> Rule:
    column, name = derived.column, derived.table.name
    values = " union ".join(
        f'select tenant, "{column}" as value from {{schema}}.{parent.name}'
        f' where "{column}" is not null'
        for parent in derived.parents
    )
    sql = (
        f"select coalesce(v.value, t.value) from ({values}) v full join"
        f' (select tenant, "{column}" as value from {{schema}}.{name}) t'
        " on t.tenant = v.tenant and t.value = v.value where t.value is null or v.value is null"
    )
    return Rule(
        f"{name} has one row for every {column} in the warehouse, and no other",
        name,
        sql,
        tuple(parent.name for parent in derived.parents),
        remedy="`social sync` computes the table again.",
    )


def _same_owner(child: Table, parent: Table, column: str) -> bool:
    owner = parent.account
    ids = owner.endswith("_id") and owner in child.by_name and owner in parent.by_name
    return ids and owner != column


def _one_owner(child: Table, parent: Table, column: str) -> Rule:
    owner = parent.account
    sql = (
        f"select {key_text(child)} from {{schema}}.{child.name} t"
        f' join {{schema}}.{parent.name} p on p.tenant = t.tenant and p."{column}" = t."{column}"'
        f' where p."{owner}" <> t."{owner}"'
    )
    return Rule(
        f"{child.name} and {parent.name} name the same {owner}",
        child.name,
        sql,
        (parent.name,),
    )


def _read_in_time(table: Table) -> Rule:
    sql = (
        f"select {key_text(table)} from {{schema}}.{table.name} t"
        f" where t.fetched_at > (select now_at from ({NOW}) ledger) + {_AHEAD}"
    )
    return Rule(
        f"no row of {table.name} was read after the last run",
        table.name,
        sql,
        _LEDGERS,
        remedy="A row from the future: a clock was wrong, or the row was written by hand.",
    )


# The newest moment that the ledgers know, on the provider's clock or this machine's.
_LEDGERS = ("sync_runs", "sync_account_status", "sync_completeness", "sync_skips", "sync_errors")
NOW = "select max(happened) as now_at from (" + " union all ".join(
    f"select max({'finished_at' if name == 'sync_runs' else 'fetched_at'}) as happened"
    f" from {{schema}}.{name}"
    for name in _LEDGERS
) + ") moments"  # fmt: skip


def _not_ahead(table: Table) -> Iterator[Rule]:
    """Observations and days lie before they were read, marks before the last run."""
    if table.kind == "index":
        moments = [c.name for c in table.columns if c.type == "timestamp"]
        for name in moments:
            if "retry" not in name:
                yield _mark_not_ahead(table, name)
        return
    for name in ("captured_at", "date"):
        if name in table.by_name:
            sql = (
                f"select {key_text(table)} from {{schema}}.{table.name} t"
                f' where t."{name}" > t.fetched_at + {_AHEAD}'
            )
            yield Rule(
                f"no {name} of {table.name} is later than the moment it was read",
                table.name,
                sql,
                remedy="An observation from the future: ask the provider, or delete the row.",
            )


def _mark_not_ahead(table: Table, name: str) -> Rule:
    sql = (
        f"select {key_text(table)} from {{schema}}.{table.name} t"
        f' where t."{name}" > (select now_at from ({NOW}) ledger) + {_AHEAD}'
    )
    return Rule(
        f"no {name} of {table.name} lies in the future",
        table.name,
        sql,
        _LEDGERS,
        remedy="`social sync --full-refresh --accounts <id>` reads the account from the start.",
    )


def _load_completed(table: Table) -> Rule:
    sql = (
        f"select {key_text(table)} from {{schema}}.{table.name} t"
        " where t._dlt_load_id is not null and not exists (select 1 from {schema}._dlt_loads l"
        " where l.load_id = t._dlt_load_id and l.status = 0)"
    )
    return Rule(
        f"every row of {table.name} is of a load that was completed",
        table.name,
        sql,
        ("_dlt_loads",),
        remedy=f"A run was killed while it loaded. {SYNC_AGAIN}",
    )
