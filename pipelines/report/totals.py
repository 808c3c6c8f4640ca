"""The tiles: a period's sums, beside those of as many days before."""

from __future__ import annotations

from . import query
from .lens import Lens
from .query import Column, Kind, Query

# Each has figures on nine tenths of the other's days at least.
_COMPARABLE = """gains.days_before >= 0.9 * gains.days
        and gains.days >= 0.9 * gains.days_before"""
_SQL = """with gains as (
    select
        {views} as views_gained,
        {views_before} as views_before,
        {rate} as rate,
        {rate_before} as rate_before,
        count(distinct case when facts.day >= {since} and {gained} is not null
            then facts.day end) as days,
        count(distinct case when facts.day < {since} and {gained} is not null
            then facts.day end) as days_before
    {facts}
),
followers as (
    select
        cast(sum(case when facts.day >= {since} then facts.net_followers end) as bigint) as net,
        cast(sum(case when facts.day < {since} then facts.net_followers end) as bigint)
            as net_before
    from marts.fct_account_day as facts
    join marts.dim_account as owners on owners.account_key = facts.account_key
    where facts.provider = '{provider}' and facts.day >= {before} and facts.day < {until}{accounts}
),
published as (
    select
        count(case when posts.published_on >= {since} then 1 end) as posts,
        count(case when posts.published_on < {since} then 1 end) as posts_before
    from marts.dim_post as posts
    where posts.provider = '{provider}'
        and posts.published_on >= {before} and posts.published_on < {until}{posts}
)
select
    gains.views_gained,
    case when {comparable} then gains.views_before end as views_before,
    case when {comparable} then cast(gains.views_gained as double precision)
        / nullif(gains.views_before, 0) - 1 end as views_change,
    gains.rate,
    case when {comparable} then gains.rate_before end as rate_before,
    case when {comparable} then gains.rate / nullif(gains.rate_before, 0) - 1 end as rate_change,
    followers.net,
    case when {comparable} then followers.net_before end as net_before,
    published.posts,
    published.posts_before,
    gains.days,
    gains.days_before
from gains cross join followers cross join published"""

_COLUMNS = (
    Column("views_gained", "Views gained"),
    Column("views_before", "… before"),
    Column("views_change", "Change of views gained", Kind.change),
    Column("rate", "Likes, comments, shares per view", Kind.share),
    Column("rate_before", "… before", Kind.share),
    Column("rate_change", "Change of it", Kind.change),
    Column("net", "Followers, net", Kind.signed),
    Column("net_before", "… before", Kind.signed),
    Column("posts", "Posts published"),
    Column("posts_before", "… before"),
    Column("days", "Days with figures"),
    Column("days_before", "… before"),
)


def totals(lens: Lens) -> Query:
    """One row."""
    days, views = lens.scope.period, lens.gained("views")
    since, before, until = (query.day(day) for day in (days.since, days.before, days.until))
    sql = _SQL.format(
        provider=lens.provider,
        since=since,
        before=before,
        until=until,
        gained=views,
        views=_sum(f"facts.day >= {since}", views),
        views_before=_sum(f"facts.day < {since}", views),
        rate=lens.rate(f"facts.day >= {since} and "),
        rate_before=lens.rate(f"facts.day < {since} and "),
        facts=lens.facts(before, until),
        accounts=lens.scope.accounts("owners.client_ref").replace("\n", "\n    "),
        posts=lens.scope.posts("posts.post_key").replace("\n", "\n    "),
        comparable=_COMPARABLE,
    )
    return Query(f"totals-{lens.provider}", f"The period in sums: {lens.title}", sql, _COLUMNS)


def _sum(condition: str, column: str) -> str:
    return f"cast(sum(case when {condition} then {column} end) as bigint)"
