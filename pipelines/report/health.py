"""Data health: which days have figures, how fresh each stream is, what the last runs did."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..builds import built, due
from ..destinations import Warehouse
from .lens import Lens
from .query import Column, Kind, Query

_COVERAGE = """with calendar as (
    select cast(moment as date) as day
    from generate_series(timestamp '{first}', timestamp '{last}', interval '1 day') as days(moment)
),
told as (
    select
        facts.day,
        count(distinct case when {views} is not null then facts.account_key end) as accounts,
        count(case when facts.delta_kind = 'daily' then 1 end) as daily,
        count(case when facts.delta_kind = 'gap' then 1 end) as gap,
        count(case when facts.delta_kind = 'first_seen' then 1 end) as first_seen,
        count(case when facts.delta_kind = 'correction' then 1 end) as correction,
        count(case when facts.delta_kind = 'source_changed' then 1 end) as source_changed,
        count(case when facts.delta_kind = 'not_observed' then 1 end) as not_observed
    {facts}
    group by facts.day
)
select
    calendar.day,
    coalesce(told.accounts, 0) as accounts,
    coalesce(told.daily, 0) as daily,
    coalesce(told.gap, 0) as gap,
    coalesce(told.first_seen, 0) as first_seen,
    coalesce(told.correction, 0) as correction,
    coalesce(told.source_changed, 0) as source_changed,
    coalesce(told.not_observed, 0) as not_observed
from calendar
left join told on told.day = calendar.day
order by calendar.day"""

_COVERAGE_COLUMNS = (
    Column("day", "Day (UTC)", Kind.day),
    Column("accounts", "Accounts with a figure"),
    Column("daily", "Rows: daily"),
    Column("gap", "… gap"),
    Column("first_seen", "… first seen"),
    Column("correction", "… correction"),
    Column("source_changed", "… source changed"),
    Column("not_observed", "… not observed"),
)


def coverage(lens: Lens) -> Query:
    """Rows of the facts per day, by kind of delta (definitions)."""
    period = lens.scope.period
    sql = _COVERAGE.format(
        first=period.since,
        last=period.until - timedelta(days=1),
        views=lens.gained("views"),
        facts=lens.in_period(),
    )
    title = f"Days with figures: {lens.title}"
    return Query(f"coverage-{lens.provider}", title, sql, _COVERAGE_COLUMNS)


FRESHNESS = Query(
    "freshness",
    "Freshness of each stream",
    """with newest as (
    select max(newest_success_at) as at_best from marts.ops_freshness
)
select
    streams.provider,
    streams.tenant,
    streams.stream,
    streams.accounts,
    streams.accounts_ok,
    streams.accounts_failed,
    streams.accounts_without_data,
    streams.newest_success_at,
    streams.oldest_success_at,
    cast(extract(epoch from newest.at_best) - extract(epoch from streams.oldest_success_at)
        as double precision) / 3600 as hours_behind
from marts.ops_freshness as streams cross join newest
order by streams.provider, streams.tenant, streams.stream""",
    (
        Column("provider", "Provider", Kind.text),
        Column("tenant", "Key", Kind.text),
        Column("stream", "Stream", Kind.text),
        Column("accounts", "Accounts"),
        Column("accounts_ok", "… read"),
        Column("accounts_failed", "… failed"),
        Column("accounts_without_data", "… without data"),
        Column("newest_success_at", "Newest reading", Kind.moment),
        Column("oldest_success_at", "Oldest reading", Kind.moment),
        Column("hours_behind", "Behind", Kind.hours),
    ),
)

RUNS = Query(
    "runs",
    "The last runs",
    """select
    provider, tenant, command, started_at, exit_code, requests, retries, rows_written, errors
from marts.ops_runs
order by started_at desc, run_id, provider, tenant
limit 12""",
    (
        Column("provider", "Provider", Kind.text),
        Column("tenant", "Key", Kind.text),
        Column("command", "Command", Kind.text),
        Column("started_at", "Started (UTC)", Kind.moment),
        Column("exit_code", "Exit code"),
        Column("requests", "Requests"),
        Column("retries", "Retries"),
        Column("rows_written", "Rows written"),
        Column("errors", "Errors"),
    ),
)

# The time is the provider's own. A client's posts are told by the same readings as all others.
_AS_OF = """
select max(fetched_at) from (
    select max(fetched_at) as fetched_at from marts.fct_post_day
    union all
    select max(fetched_at) from marts.fct_account_day
) as readings"""
_DEMO = "select count(*) from marts.ops_runs where command = 'demo'"


def as_of(warehouse: Warehouse) -> datetime:
    """The newest reading that the marts hold."""
    newest: datetime = warehouse.query(_AS_OF)[0][0]
    return newest


def warnings(warehouse: Warehouse) -> list[str]:
    """What a reader must know before any number: made-up data, marts behind the last load."""
    said = []
    if warehouse.query(_DEMO)[0][0]:
        said.append("SANDBOX DATA: the figures are made up by an emulator of the providers.")
    before = built(warehouse)
    if before is None or not before.whole:
        said.append("The marts were not built to the end without findings: run `social transform`.")
    elif due(warehouse):
        said.append("The marts are behind what was loaded: run `social transform`.")
    return said
