"""Figures of posts and accounts: the top ones, how posts age, when they are published."""

from __future__ import annotations

from datetime import timedelta

from . import query
from .lens import Lens
from .query import Column, Kind, Query, platform_title

SHOWN = 10
ENOUGH = 5  # posts that a median of a slot is told of
ENOUGH_OF_AN_AGE = 10
LOOK_BACK = 90
_AGE = 3

_TOP = """with gains as (
    select
        facts.post_key,
        cast(sum(facts.views_gained) as bigint) as views_gained,
        cast(sum(facts.likes_gained + facts.comments_gained + facts.shares_gained) as bigint)
            as parts_gained
    from marts.fct_post_day as facts
    where facts.provider = '{provider}'
        and facts.day >= {since} and facts.day < {until}{scope}
    group by facts.post_key
    having sum(facts.views_gained) is not null
)
select
    row_number() over (order by gains.views_gained desc, gains.post_key) as place,
    case when length(posts.post_message) > 100 then substr(posts.post_message, 1, 99) || '…'
        else posts.post_message end as caption,
    posts.page_name as handle,
    posts.platform,
    cast(posts.created_timestamp at time zone 'UTC' as date) as published_on,
    gains.views_gained,
    gains.parts_gained,
    posts.views,
    posts.likes_comments_shares_per_view,
    posts.post_url
from gains
join marts.rollup_report as posts on posts.post_key = gains.post_key
order by place
limit {shown}"""

_TOP_COLUMNS = (
    Column("place", "Rank"),
    Column("caption", "Post", Kind.prose),
    Column("handle", "Account", Kind.handle),
    Column("platform", "Platform", Kind.platform),
    Column("published_on", "Published", Kind.day),
    Column("views_gained", "Views gained"),
    Column("parts_gained", "Likes, comments, shares gained"),
    Column("views", "Total views"),
    Column("likes_comments_shares_per_view", "Likes, comments, shares per view", Kind.share),
    Column("post_url", "Link", Kind.link),
)


def top(lens: Lens, shown: int = SHOWN) -> Query:
    """The posts that gained most views in the period, by observations of each post."""
    days = lens.scope.period
    sql = _TOP.format(
        provider=lens.provider,
        since=query.day(days.since),
        until=query.day(days.until),
        scope=lens.scope.posts("facts.post_key").replace("\n", "\n    "),
        shown=shown,
    )
    return Query(f"top-{lens.provider}", f"Top posts: {lens.title}", sql, _TOP_COLUMNS)


_AGES = """select
    ages.age_days,
    {platforms}
from generate_series(0, 30) as ages(age_days)
left join (
    select days.post_age_days, posts.platform, cast(days.views_cum as double precision) as views
    from marts.fct_post_day as days
    join marts.dim_post as posts on posts.post_key = days.post_key
    where posts.provider = '{provider}' and days.views_cum is not null
        and posts.published_on >= {since} and days.day < {until}{scope}
) as observed on observed.post_age_days = ages.age_days
group by ages.age_days
order by ages.age_days"""
_AGE_OF = """case when count(case when observed.platform = {platform} then 1 end) >= {enough} then
        percentile_cont(0.5) within group (order by case when observed.platform = {platform}
            then observed.views end) end as {name},
    count(case when observed.platform = {platform} then 1 end) as {posts}"""


def ages(lens: Lens) -> Query:
    """Median views by a post's age, per platform; NULL below ten posts."""
    sql = _AGES.format(
        provider=lens.provider,
        platforms=",\n    ".join(
            _AGE_OF.format(
                platform=query.text(name),
                enough=ENOUGH_OF_AN_AGE,
                name=query.alias(name),
                posts=query.alias(name, "posts_"),
            )
            for name in lens.platforms
        ),
        **_recent(lens, "posts.post_key"),
    )
    columns = [Column("age_days", "Age in days")]
    for name in lens.platforms:
        title = platform_title(name)
        columns += [Column(name, f"{title}, median views"), Column(f"posts {name}", "of posts")]
    return Query(f"ages-{lens.provider}", f"How posts grow: {lens.title}", sql, columns)


_TIMES = """with posts as (
    select
        posts.account_key,
        cast(extract(isodow from posts.published_at at time zone 'UTC') as bigint) as weekday,
        cast(floor(extract(hour from posts.published_at at time zone 'UTC') / 3) * 3 as bigint)
            as hour,
        cast(days.views_cum as double precision) as views
    from marts.dim_post as posts
    join marts.fct_post_day as days
        on days.post_key = posts.post_key and days.post_age_days = {age}
    where posts.provider = '{provider}' and posts.account_key is not null
        and days.views_cum is not null
        and posts.published_on >= {since} and days.day < {until}{scope}
),
accounts as (
    select posts.account_key, percentile_cont(0.5) within group (order by posts.views) as median
    from posts
    group by posts.account_key
)
select
    weekdays.weekday,
    hours.hour,
    case when count(posts.views) >= {enough} then
        percentile_cont(0.5) within group (order by posts.views / nullif(accounts.median, 0))
    end as median_per_account_median,
    count(posts.views) as posts
from generate_series(1, 7) as weekdays(weekday)
cross join generate_series(0, 21, 3) as hours(hour)
left join posts on posts.weekday = weekdays.weekday and posts.hour = hours.hour
left join accounts on accounts.account_key = posts.account_key
group by weekdays.weekday, hours.hour
order by weekdays.weekday, hours.hour"""

_TIME_COLUMNS = (
    Column("weekday", "Weekday", Kind.weekday),
    Column("hour", "Hours (UTC)", Kind.block),
    Column("median_per_account_median", "Views after 3 days / account's median", Kind.times),
    Column("posts", "Posts"),
)


def times(lens: Lens) -> Query:
    """By weekday and three hours; each post is measured by its own account's median."""
    sql = _TIMES.format(
        provider=lens.provider, age=_AGE, enough=ENOUGH, **_recent(lens, "posts.post_key")
    )
    return Query(f"times-{lens.provider}", f"When to post: {lens.title}", sql, _TIME_COLUMNS)


def _recent(lens: Lens, key: str) -> dict[str, str]:
    until = lens.scope.period.until
    return {
        "since": query.day(until - timedelta(days=LOOK_BACK)),
        "until": query.day(until),
        "scope": lens.scope.posts(key).replace("\n", "\n    "),
    }
