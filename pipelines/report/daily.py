"""Figures per day and platform: views gained, engagement, followers."""

from __future__ import annotations

from datetime import timedelta

from . import query
from .lens import Lens
from .query import Column, Kind, Query

_SQL = """with calendar as (
    select cast(moment as date) as day
    from generate_series(timestamp '{first}', timestamp '{last}', interval '1 day') as days(moment)
),
figures as (
    select
        facts.day,
        owners.platform,
        {figure} as figure,
        count({counted}) as counted,
        count(*) as all_rows,
        count(case when facts.is_settled then 1 end) as settled_rows
    {facts}
    group by facts.day, owners.platform
)
select
    calendar.day,
    {platforms},
    cast(coalesce(sum(figures.counted), 0) as bigint) as with_a_figure,
    sum(figures.settled_rows) = sum(figures.all_rows) as is_settled
from calendar
left join figures on figures.day = calendar.day
group by calendar.day
order by calendar.day"""


def views(lens: Lens) -> Query:
    """One row per day of the period; a platform's column is NULL where nothing was measured."""
    views = lens.gained("views")
    sql = _per_day(lens, f"cast(sum({views}) as bigint)", views, lens.in_period())
    return _query(lens, "views", f"Views gained per day: {lens.title}", sql, Kind.number)


def engagement(lens: Lens) -> Query:
    """Likes, comments and shares gained per view gained, as a ratio of the day's sums."""
    counted = f"{lens.engagement} + {lens.gained('views')}"
    sql = _per_day(lens, lens.rate(), counted, lens.in_period())
    title = f"Likes, comments and shares per view, per day: {lens.title}"
    return _query(lens, "engagement", title, sql, Kind.share)


def followers(lens: Lens) -> Query:
    """Followers gained minus followers lost; for a client those of its own accounts."""
    figure = "cast(sum(facts.net_followers) as bigint)"
    sql = _per_day(lens, figure, "facts.net_followers", of_accounts(lens))
    title = f"Net followers per day: {lens.title}"
    return _query(lens, "followers", title, sql, Kind.signed, "Accounts with a figure")


def of_accounts(lens: Lens) -> str:
    """From and where of account days in the period."""
    days = lens.scope.period
    return (
        "from marts.fct_account_day as facts\n"
        "    join marts.dim_account as owners on owners.account_key = facts.account_key\n"
        f"    where facts.provider = '{lens.provider}'\n"
        f"        and facts.day >= {query.day(days.since)} and facts.day < {query.day(days.until)}"
        + lens.scope.accounts("owners.client_ref").replace("\n", "\n    ")
    )


def _per_day(lens: Lens, figure: str, counted: str, facts: str) -> str:
    period = lens.scope.period
    platforms = (
        f"max(case when figures.platform = {query.text(name)} then figures.figure end)"
        f" as {query.alias(name)}"
        for name in lens.platforms
    )
    return _SQL.format(
        first=period.since,
        last=period.until - timedelta(days=1),
        figure=figure,
        counted=counted,
        facts=facts,
        platforms=",\n    ".join(platforms),
    )


def _query(
    lens: Lens, name: str, title: str, sql: str, kind: Kind, counted: str | None = None
) -> Query:
    columns = [
        Column("day", "Day (UTC)", Kind.day),
        *(Column(platform, query.platform_title(platform), kind) for platform in lens.platforms),
        Column("with_a_figure", counted or lens.counted),
        Column("is_settled", "Settled", Kind.settled),
    ]
    return Query(f"{name}-{lens.provider}", title, sql, columns)
