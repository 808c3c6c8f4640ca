"""One row per account: followers, views gained, engagement."""

from __future__ import annotations

from . import query
from .daily import of_accounts
from .lens import Lens
from .query import Column, Kind, Query

_SQL = """with gains as (
    select
        facts.account_key,
        cast(sum({views}) as bigint) as views_gained,
        {rate} as rate,
        count(distinct case when {views} is not null then facts.day end) as days
    {facts}
    group by facts.account_key
),
followers as (
    select
        counted.account_key,
        cast(sum(counted.net_followers) as bigint) as net,
        max(case when counted.place = 1 then counted.followers end) as followers
    from (
        select facts.account_key, facts.net_followers, facts.followers,
            row_number() over (
                partition by facts.account_key
                order by case when facts.followers is null then 1 else 0 end, facts.day desc
            ) as place
        {counted}
    ) as counted
    group by counted.account_key
),
published as (
    select posts.account_key, count(*) as posts
    from marts.dim_post as posts
    where posts.provider = '{provider}'
        and posts.published_on >= {since} and posts.published_on < {until}{posts}
    group by posts.account_key
)
select
    accounts.handle,
    accounts.platform,{client}
    followers.followers,
    followers.net,
    gains.views_gained,
    gains.rate,
    coalesce(published.posts, 0) as posts,
    coalesce(gains.days, 0) as days
from marts.dim_account as accounts
left join gains on gains.account_key = accounts.account_key
left join followers on followers.account_key = accounts.account_key
left join published on published.account_key = accounts.account_key
where accounts.provider = '{provider}' and ({of})
order by case when gains.views_gained is null then 1 else 0 end, gains.views_gained desc,
    accounts.account_key"""


def accounts(lens: Lens) -> Query:
    """All accounts that are listed or moved; of a client those that are its own or have its posts,
    with what these posts gained."""
    scope = lens.scope
    moved = "gains.account_key is not null or published.account_key is not null"
    listed = f"accounts.client_ref = {query.text(scope.client)}" if scope.client else None
    days = scope.period
    sql = _SQL.format(
        provider=lens.provider,
        views=lens.gained("views"),
        rate=lens.rate(),
        facts=lens.in_period(),
        counted=of_accounts(lens).replace("\n", "\n    "),
        since=query.day(days.since),
        until=query.day(days.until),
        posts=scope.posts("posts.post_key").replace("\n", "\n    "),
        client="" if scope.client else "\n    accounts.client_ref,",
        of=f"{listed or 'accounts.removed_at is null'} or {moved}",
    )
    client = () if scope.client else (Column("client_ref", "Client", Kind.text),)
    columns = (
        Column("handle", "Account", Kind.handle),
        Column("platform", "Platform", Kind.platform),
        *client,
        Column("followers", "Followers"),
        Column("net", "Net followers", Kind.signed),
        Column("views_gained", "Views gained"),
        Column("rate", "Likes, comments, shares per view", Kind.share),
        Column("posts", "Posts published"),
        Column("days", "Days with figures"),
    )
    return Query(f"accounts-{lens.provider}", f"Accounts: {lens.title}", sql, columns)
