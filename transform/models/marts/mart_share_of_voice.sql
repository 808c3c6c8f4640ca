with days as (
    select
        facts.provider,
        coalesce(posts.platform, 'unknown') as platform,
        facts.day,
        facts.post_key,
        facts.views_gained,
        facts.likes_gained + facts.comments_gained + facts.shares_gained as engagement_gained,
        facts.is_estimated,
        accounts.country
    from {{ ref("fct_post_day") }} as facts
    left join {{ ref("dim_post") }} as posts on posts.post_key = facts.post_key
    left join {{ ref("dim_account") }} as accounts on accounts.account_key = facts.account_key
),

belonging as (
    select
        bridge.post_key,
        bridge.weight,
        campaigns.client_ref,
        campaigns.campaign_key
    from {{ ref("bridge_post_campaign") }} as bridge
    join {{ ref("dim_campaign") }} as campaigns on campaigns.campaign_key = bridge.campaign_key
),

grouped as (
    select provider, platform, day, 'country' as group_type,
        coalesce(country, 'unknown') as group_value,
        1.0 as weight, views_gained, engagement_gained, is_estimated
    from days
    union all
    select provider, platform, day, 'client', coalesce(client_ref, 'unknown'),
        coalesce(weight, 1), views_gained, engagement_gained, is_estimated
    from days
    left join belonging on belonging.post_key = days.post_key
    union all
    select provider, platform, day, 'campaign', coalesce(campaign_key, 'unknown'),
        coalesce(weight, 1), views_gained, engagement_gained, is_estimated
    from days
    left join belonging on belonging.post_key = days.post_key
),

summed as (
    select
        provider,
        platform,
        day,
        group_type,
        group_value,
        sum(weight * views_gained) as views_gained,
        sum(weight * engagement_gained) as engagement_gained,
        max(case when is_estimated then 1 else 0 end) = 1 as is_estimated
    from grouped
    group by provider, platform, day, group_type, group_value
),

-- A share is settled when the figures of everybody are.
settled as (
    select
        provider,
        coalesce(platform, 'unknown') as platform,
        {{ settled_through_of("posts") }} as settled_through
    from {{ ref("dim_post") }} as posts
    group by provider, coalesce(platform, 'unknown')
)

select
    summed.provider,
    summed.platform,
    summed.day,
    group_type,
    group_value,
    cast(views_gained as double precision) as views_gained,
    cast(engagement_gained as double precision) as likes_comments_shares_gained,
    {{ ratio("views_gained", "sum(views_gained) over everybody") }}
        as views_gained_per_all_views_gained,
    {{ ratio("engagement_gained", "sum(engagement_gained) over everybody") }}
        as likes_comments_shares_gained_per_all,
    is_estimated,
    coalesce(summed.day <= settled.settled_through, false) as is_settled
from summed
left join settled on settled.provider = summed.provider and settled.platform = summed.platform
window everybody as (partition by summed.provider, summed.platform, summed.day, group_type)
