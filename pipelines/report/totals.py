"""The tiles: totals of a period, compared with as many days before over settled days alone."""

from __future__ import annotations

from . import query
from .lens import Lens
from .query import Column, Kind, Query

# A day is compared with the day as many days before as the period has; both have to be settled.
# With fewer than half of the days there is no comparison.
_COMPARABLE = "counted.compared_days * 2 >= {length}"
_SQL = """with days as (
    select
        facts.day,
        count({gained}) as figures,
        count(case when facts.is_settled then 1 end) = count(*) as is_settled
    {facts}
    group by facts.day
),
pairs as (
    select later.day, earlier.day as day_before
    from days as later
    join days as earlier on earlier.day = later.day - {length}
    where later.day >= {since}
        and later.is_settled and earlier.is_settled
        and later.figures > 0 and earlier.figures > 0
),
gains as (
    select
        {views} as views_gained,
        {views_compared} as views_compared,
        {views_before} as views_before,
        {rate} as rate,
        {rate_compared} as rate_compared,
        {rate_before} as rate_before
    {paired_facts}
),
followers as (
    select
        cast(sum(case when facts.day >= {since} then facts.net_followers end) as bigint) as net,
        cast(sum(case when earlier.day_before is not null then facts.net_followers end) as bigint)
            as net_before
    from marts.fct_account_day as facts
    join marts.dim_account as owners on owners.account_key = facts.account_key
    left join pairs as earlier on earlier.day_before = facts.day
    where facts.provider = '{provider}' and facts.day >= {before} and facts.day < {until}{accounts}
),
published as (
    select
        count(case when posts.published_on >= {since} then 1 end) as posts,
        count(case when posts.published_on < {since} then 1 end) as posts_before
    from marts.dim_post as posts
    where posts.provider = '{provider}'
        and posts.published_on >= {before} and posts.published_on < {until}{posts}
),
counted as (
    select
        count(case when days.day >= {since} and days.figures > 0 then 1 end) as days,
        count(case when days.day >= {since} and days.is_settled then 1 end) as settled_days,
        (select count(*) from pairs) as compared_days
    from days
)
select
    gains.views_gained,
    case when {comparable} then gains.views_compared end as views_compared,
    case when {comparable} then gains.views_before end as views_before,
    case when {comparable} then cast(gains.views_compared as double precision)
        / nullif(gains.views_before, 0) - 1 end as views_change,
    gains.rate,
    case when {comparable} then gains.rate_compared end as rate_compared,
    case when {comparable} then gains.rate_before end as rate_before,
    case when {comparable} then gains.rate_compared / nullif(gains.rate_before, 0) - 1 end
        as rate_change,
    followers.net,
    case when counted.compared_days = {length} then followers.net_before end as net_before,
    published.posts,
    published.posts_before,
    counted.days,
    counted.settled_days,
    counted.compared_days
from gains cross join followers cross join published cross join counted"""
_PAIRED = """left join pairs as later on later.day = facts.day
left join pairs as earlier on earlier.day_before = facts.day
"""

_COLUMNS = (
    Column("views_gained", "Views gained"),
    Column("views_compared", "… on compared days"),
    Column("views_before", "… before"),
    Column("views_change", "Change of views gained", Kind.change),
    Column("rate", "Likes, comments, shares per view", Kind.share),
    Column("rate_compared", "… on compared days", Kind.share),
    Column("rate_before", "… before", Kind.share),
    Column("rate_change", "Change of the rate", Kind.change),
    Column("net", "Net followers", Kind.signed),
    Column("net_before", "… before", Kind.signed),
    Column("posts", "Posts published"),
    Column("posts_before", "… before"),
    Column("days", "Days with figures"),
    Column("settled_days", "Settled days"),
    Column("compared_days", "Compared days"),
)


def totals(lens: Lens) -> Query:
    """One row: sums of the period, and of the compared days of both periods."""
    days, views = lens.scope.period, lens.gained("views")
    since, before, until = (query.day(day) for day in (days.since, days.before, days.until))
    in_period, later = f"facts.day >= {since}", "later.day is not null"
    earlier = "earlier.day_before is not null"
    sql = _SQL.format(
        provider=lens.provider,
        since=since,
        before=before,
        until=until,
        length=days.days,
        gained=views,
        views=_sum(in_period, views),
        views_compared=_sum(later, views),
        views_before=_sum(earlier, views),
        rate=lens.rate(f"{in_period} and "),
        rate_compared=lens.rate(f"{later} and "),
        rate_before=lens.rate(f"{earlier} and "),
        facts=lens.facts(before, until),
        paired_facts=lens.facts(before, until, _PAIRED),
        accounts=lens.scope.accounts("owners.client_ref").replace("\n", "\n    "),
        posts=lens.scope.posts("posts.post_key").replace("\n", "\n    "),
        comparable=_COMPARABLE.format(length=days.days),
    )
    return Query(f"totals-{lens.provider}", f"Totals: {lens.title}", sql, _COLUMNS)


def _sum(condition: str, column: str) -> str:
    return f"cast(sum(case when {condition} then {column} end) as bigint)"
