with posts as (
    select
        bridge.campaign_key,
        bridge.weight,
        coalesce(posts.platform, 'unknown') as platform,
        posts.post_key,
        posts.published_on,
        posts.settled_through
    from {{ ref("bridge_post_campaign") }} as bridge
    join {{ ref("dim_post") }} as posts on posts.post_key = bridge.post_key
),

gained as (
    select
        posts.campaign_key,
        posts.platform,
        days.day,
        days.post_key,
        days.account_key,
        days.is_estimated,
        posts.weight * days.views_gained as views_gained,
        posts.weight * (days.likes_gained + days.comments_gained + days.shares_gained)
            as engagement_gained
    from posts
    join {{ ref("fct_post_day") }} as days on days.post_key = posts.post_key
),

-- A ratio's parts cover the same rows: those on which both are known.
summed as (
    select
        campaign_key,
        platform,
        day,
        count(distinct post_key) as posts_observed,
        count(distinct account_key) as accounts_active,
        cast(sum(views_gained) as double precision) as views_gained,
        cast(sum(engagement_gained) as double precision) as likes_comments_shares_gained,
        cast(sum(case when views_gained is not null then engagement_gained end)
            as double precision) as engagement_with_views,
        cast(sum(case when engagement_gained is not null then views_gained end)
            as double precision) as views_with_engagement,
        max(case when is_estimated then 1 else 0 end) = 1 as is_estimated
    from gained
    group by campaign_key, platform, day
),

published as (
    select campaign_key, platform, published_on as day, count(*) as posts_published
    from posts
    where published_on is not null
    group by campaign_key, platform, published_on
),

-- Money is of the campaign as a whole. Tokfluence's campaigns are of TikTok.
spent as (
    select metrics.campaign_key, 'tiktok' as platform, metrics.day, metrics.spend_cum_reported
    from {{ ref("stg_tokfluence__campaign_metrics") }} as metrics
    join {{ ref("stg_tokfluence__campaigns") }} as campaigns
        on campaigns.campaign_key = metrics.campaign_key
),

settled as (
    select campaign_key, platform, {{ settled_through_of("posts") }} as settled_through
    from posts
    group by campaign_key, platform
),

days as (
    select campaign_key, platform, day from summed
    union
    select campaign_key, platform, day from published
    union
    select campaign_key, platform, day from spent
)

select
    days.campaign_key,
    days.platform,
    days.day,
    coalesce(published.posts_published, 0) as posts_published,
    coalesce(summed.posts_observed, 0) as posts_observed,
    coalesce(summed.accounts_active, 0) as accounts_active,
    summed.views_gained,
    summed.likes_comments_shares_gained,
    {{ ratio("summed.engagement_with_views", "summed.views_with_engagement") }}
        as likes_comments_shares_gained_per_view_gained,
    spent.spend_cum_reported,
    coalesce(summed.is_estimated, false) as is_estimated,
    coalesce(days.day <= settled.settled_through, false) as is_settled
from days
left join summed
    on summed.campaign_key = days.campaign_key and summed.platform = days.platform
    and summed.day = days.day
left join published
    on published.campaign_key = days.campaign_key and published.platform = days.platform
    and published.day = days.day
left join spent
    on spent.campaign_key = days.campaign_key and spent.platform = days.platform
    and spent.day = days.day
left join settled
    on settled.campaign_key = days.campaign_key and settled.platform = days.platform
