with moved as (
    select
        bridge.campaign_key,
        days.day,
        count(distinct days.post_key) as posts_observed,
        count(distinct days.account_key) as accounts_active,
        cast(sum(bridge.weight * days.views_gained) as double precision) as views_gained,
        cast(sum(bridge.weight * (days.likes_gained + days.comments_gained + days.shares_gained))
            as double precision) as likes_comments_shares_gained
    from {{ ref("bridge_post_campaign") }} as bridge
    join {{ ref("fct_post_day") }} as days on days.post_key = bridge.post_key
    group by bridge.campaign_key, days.day
),

published as (
    select bridge.campaign_key, posts.published_on as day, count(*) as posts_published
    from {{ ref("bridge_post_campaign") }} as bridge
    join {{ ref("dim_post") }} as posts on posts.post_key = bridge.post_key
    where posts.published_on is not null
    group by bridge.campaign_key, posts.published_on
),

spent as (
    select campaign_key, day, spend_cum_reported from {{ ref("stg_tokfluence__campaign_metrics") }}
),

days as (
    select campaign_key, day from moved
    union
    select campaign_key, day from published
    union
    select campaign_key, day from spent
)

select
    days.campaign_key,
    days.day,
    coalesce(published.posts_published, 0) as posts_published,
    coalesce(moved.posts_observed, 0) as posts_observed,
    coalesce(moved.accounts_active, 0) as accounts_active,
    moved.views_gained,
    moved.likes_comments_shares_gained,
    {{ ratio("moved.likes_comments_shares_gained", "moved.views_gained") }}
        as likes_comments_shares_gained_per_view_gained,
    spent.spend_cum_reported
from days
left join moved on moved.campaign_key = days.campaign_key and moved.day = days.day
left join published on published.campaign_key = days.campaign_key and published.day = days.day
left join spent on spent.campaign_key = days.campaign_key and spent.day = days.day
