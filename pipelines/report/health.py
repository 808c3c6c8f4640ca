"""Data health: which days are complete, which have figures, fresh streams, the last runs."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ..builds import built, due
from ..destinations import Warehouse
from . import query
from .lens import Lens
from .query import Column, Kind, Query

_COMPLETENESS = """with days as (
    select
        facts.day,
        count({views}) as figures,
        count(case when facts.is_settled then 1 end) = count(*) as is_settled,
        max(facts.fetched_at) as newest_reading_at
    {facts}
    group by facts.day
),
settled as (
    select max(day) as through from days where is_settled
)
select
    settled.through as settled_through,
    count(case when not days.is_settled and days.day < {until} then 1 end) as unsettled_in_period,
    count(case when not days.is_settled and days.day > settled.through then 1 end)
        as unsettled_later,
    max(case when days.figures > 0 then days.day end) as newest_day,
    max(days.newest_reading_at) as newest_reading_at{failed}
from settled left join days on days.day >= {since}
group by settled.through"""
_FAILED = """,
    (select cast(coalesce(max(accounts_failed), 0) as bigint)
        from marts.ops_freshness where provider = '{provider}') as accounts_failed"""


def completeness(lens: Lens) -> Query:
    """One row: the last settled day, and the days of the period that may still change. On a page
    of all clients also the accounts whose last reading failed."""
    period = lens.scope.period
    failed = "" if lens.scope.client else _FAILED.format(provider=lens.provider)
    sql = _COMPLETENESS.format(
        views=lens.gained("views"),
        facts=lens.facts(query.day(period.before), query.day(date.max)),
        since=query.day(period.since),
        until=query.day(period.until),
        failed=failed,
    )
    columns = [
        Column("settled_through", "Complete through", Kind.day),
        Column("unsettled_in_period", "Unsettled days in this period"),
        Column("unsettled_later", "Unsettled days after it"),
        Column("newest_day", "Newest day with figures", Kind.day),
        Column("newest_reading_at", "Newest reading (UTC)", Kind.moment),
    ]
    if not lens.scope.client:
        columns.append(Column("accounts_failed", "Accounts that failed"))
    return Query(f"complete-{lens.provider}", lens.title, sql, columns)


_COVERAGE = """with calendar as (
    select cast(moment as date) as day
    from generate_series(timestamp '{first}', timestamp '{last}', interval '1 day') as days(moment)
),
counted as (
    select
        facts.day,
        count(distinct case when {views} is not null then facts.account_key end) as accounts,
        count(case when facts.delta_kind = 'daily' then 1 end) as daily,
        count(case when facts.delta_kind = 'gap' then 1 end) as gap,
        count(case when facts.delta_kind = 'first_seen' then 1 end) as first_seen,
        count(case when facts.delta_kind = 'correction' then 1 end) as correction,
        count(case when facts.delta_kind = 'source_changed' then 1 end) as source_changed,
        count(case when facts.delta_kind = 'not_observed' then 1 end) as not_observed,
        count(case when facts.is_settled then 1 end) = count(*) as is_settled
    {facts}
    group by facts.day
)
select
    calendar.day,
    coalesce(counted.accounts, 0) as accounts,
    coalesce(counted.daily, 0) as daily,
    coalesce(counted.gap, 0) as gap,
    coalesce(counted.first_seen, 0) as first_seen,
    coalesce(counted.correction, 0) as correction,
    coalesce(counted.source_changed, 0) as source_changed,
    coalesce(counted.not_observed, 0) as not_observed,
    counted.is_settled
from calendar
left join counted on counted.day = calendar.day
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
    Column("is_settled", "Settled", Kind.settled),
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
    streams.settled_through,
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
        Column("settled_through", "Settled through", Kind.day),
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
    found = []
    if warehouse.query(_DEMO)[0][0]:
        found.append("SANDBOX DATA: the figures are made up by an emulator of the providers.")
    before = built(warehouse)
    if before is None or not before.whole:
        found.append(
            "The last build of the marts stopped early or its tests failed: run `social transform`."
        )
    elif due(warehouse):
        found.append("The marts are older than the last load: run `social transform`.")
    return found
