"""The equations of `sync_completeness` once more, from the rows that the warehouse holds now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sources
from sources.landing.tables import Table

from ..loads import completed, ledger
from ..rejected import REMEDY, newest_reading, not_removed
from .findings import INFORMATION
from .rule import SYNC_AGAIN, Rule


@dataclass(frozen=True)
class Listed:
    """A stream whose ledger counts the rows of one table: those of an account, or all. `asked`: the
    stream whose status tells that it was selected; its listing may be read for another's sake."""

    stream: str
    table: str
    account: str | None = None
    asked: str | None = None


_LISTED = {
    "tokportal": (
        Listed("drilldown", "tracked_posts", "account_id", asked="drilldown"),
        Listed("daily_series", "daily_series", "account_id", asked="drilldown"),
        Listed("bundles", "bundles"),
        Listed("account_bans", "account_bans"),
        Listed("credit_transactions", "credit_transactions"),
        Listed("webhook_endpoints", "webhook_endpoints"),
    ),
    "genviral": (
        Listed("posts", "posts", "target_id", asked="posts"),
        Listed("daily_series", "daily_series", "target_id", asked="daily_series"),
        Listed("accounts", "accounts"),
        Listed("published_posts", "published_posts"),
    ),
    "tokfluence": (Listed("comments", "comments", "creator_handle", asked="comments"),),
}


def rules(provider: str) -> Iterator[Rule]:
    """What was read is there and could be read, every account that was synced is listed, no day is
    missing."""
    source = sources.get(provider)
    yield _could_be_read(getattr(source, "LISTING", None))
    tables = {table.name: table for table in source.DATA_TABLES}
    for listed in _LISTED.get(provider, ()):
        yield _still_there(listed, tables[listed.table], getattr(source, "LISTING", None))
    if listing := getattr(source, "LISTING", None):
        yield _every_account(listing)
    for table in source.DATA_TABLES:
        if table.key == (table.account, "date"):
            yield from _gaps(table)


_LEDGERS = ("sync_completeness", "sync_account_status", "_dlt_loads")

# Ledgers, as far as they count.
_COMPLETENESS, _STATUSES, _REJECTS = (
    ledger("{schema}", name)
    for name in ("sync_completeness", "sync_account_status", "sync_rejects")
)

# Of each account and stream, what the newest reading that did not fail has landed.
_NEWEST = f"""
    select tenant, account_id, stream, status, expected, landed from (
        select c.*, row_number() over (partition by tenant, account_id, stream
            order by fetched_at desc, run_id desc) as age from {_COMPLETENESS} c
        where stream = '%s' and status not in ('failed', 'not_in_plan')) aged
    where age = 1"""


def _could_be_read(listing: Table | None) -> Rule:
    where = "coalesce(n.account_id || '/', '') || n.stream || ': '"
    return Rule(
        "every row of the newest reading of each stream could be read",
        "sync_completeness",
        f"select {where} || n.rejected || ' rejected, ' || coalesce(n.columns, '')"
        f" from ({newest_reading(listing)}) n",
        ("sync_rejects", *([listing.name] if listing else [])),
        remedy=REMEDY,
        columns=("sync_completeness.rejected",),
    )


def _still_there(listed: Listed, table: Table, listing: Table | None) -> Rule:
    there = " and t.removed_at is null" if table.listed else ""
    owners = (listing,) if listed.account and listing else ()
    own = f' and t."{listed.account}" = c.account_id' if listed.account else ""
    sql = f"""
        select coalesce(c.account_id, c.stream) || ': ' || held.n || ' of ' || c.landed from (
            select *, least(landed, coalesce(expected, landed)) as least_landed
            from ({_NEWEST % listed.stream}) newest) c
        cross join lateral (select count(*) as n from {{schema}}.{listed.table} t
            where t.tenant = c.tenant{own}{there}) held
        where held.n < c.least_landed{_selected(listed)}{"".join(map(not_removed, owners))}"""
    return Rule(
        f"{listed.table} has every row that the newest reading of {listed.stream} counted",
        listed.table,
        sql,
        (
            "sync_completeness",
            "sync_account_status",
            "_dlt_loads",
            *(owner.name for owner in owners),
        ),
        remedy=f"Rows are lost. {SYNC_AGAIN}",
        columns=(f"{table.name}.removed_at",) if table.listed else (),
    )


def _selected(listed: Listed) -> str:
    if listed.asked is None:
        return ""
    return (
        f" and exists (select 1 from {_STATUSES} s where s.tenant = c.tenant"
        f" and s.account_id = c.account_id and s.stream = '{listed.asked}' and s.status = 'ok')"
    )


def _every_account(listing: Table) -> Rule:
    column = f't."{listing.account}"'
    sql = f"""
        select distinct s.account_id from {_STATUSES} s
        where s.status = 'ok' and not exists (select 1 from {{schema}}.{listing.name} t
            where t.tenant = s.tenant and {column} = s.account_id)
        and not exists (select 1 from {_REJECTS} r
            where r.tenant = s.tenant and r.table_name = '{listing.name}')"""
    return Rule(
        f"{listing.name} has every account that was synced",
        listing.name,
        sql,
        ("sync_account_status", "sync_rejects", "_dlt_loads"),
        filled=(listing.name,),
    )


# Days between the first and the last of an account that the table lacks, by where they begin; and
# how many of them a complete reading showed to be missing at the provider.
_GAPS = """
    select d.tenant, d.account_id, d.day, d.next_day - d.day - 1 as missing,
        (select count(*) from {{schema}}.series_gaps g where g.tenant = d.tenant
            and g.account_id = d.account_id and g.date > d.day and g.date < d.next_day
            and {completed}) as confirmed
    from (select t.tenant, t."{account}" as account_id, t.date as day,
            lead(t.date) over (partition by t.tenant, t."{account}" order by t.date) as next_day
        from {{schema}}.{table} t) d
    where d.next_day - d.day > 1"""


def _gaps(table: Table) -> Iterator[Rule]:
    """A hole that the provider's series has is worth knowing. Any other is a loss, unless it lies
    between a range that a backfill read and what syncs follow: these days were never asked."""
    gaps = _GAPS.format(
        account=table.account, table=table.name, completed=completed("{schema}", "g")
    )
    needs = ("series_gaps", "backfill_chunks", "_dlt_loads")
    yield Rule(
        f"no day is missing in {table.name} between an account's first and last",
        table.name,
        f"""
        select h.account_id || '/' || cast(h.day + 1 as varchar) from ({gaps}) h
        where h.confirmed < h.missing
        and not exists (select 1 from {{schema}}.backfill_chunks b where b.tenant = h.tenant
            and b.account_id = h.account_id and b.until = h.day + 1
            and {completed("{schema}", "b")})""",
        needs,
        remedy="`social backfill` over these days, or `social sync --full-refresh`.",
    )
    yield Rule(
        f"days that {table.name} lacks because the provider has no figures of them",
        table.name,
        f"""
        select h.account_id || '/' || cast(h.day + 1 as varchar) || ': '
            || cast(h.missing as varchar) from ({gaps}) h where h.confirmed >= h.missing""",
        needs,
        remedy="",
        level=INFORMATION,
    )
