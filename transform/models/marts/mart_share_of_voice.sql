with days as (
    select
        facts.provider,
        facts.day,
        facts.post_key,
        facts.views_gained,
        facts.likes_gained + facts.comments_gained + facts.shares_gained as engagement_gained,
        accounts.country
    from {{ ref("fct_post_day") }} as facts
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
    select provider, day, 'country' as group_type, coalesce(country, 'unknown') as group_value,
        1.0 as weight, views_gained, engagement_gained
    from days
    union all
    select provider, day, 'client', coalesce(client_ref, 'unknown'),
        coalesce(weight, 1), views_gained, engagement_gained
    from days
    left join belonging on belonging.post_key = days.post_key
    union all
    select provider, day, 'campaign', coalesce(campaign_key, 'unknown'),
        coalesce(weight, 1), views_gained, engagement_gained
    from days
    left join belonging on belonging.post_key = days.post_key
),

summed as (
    select
        provider,
        day,
        group_type,
        group_value,
        sum(weight * views_gained) as views_gained,
        sum(weight * engagement_gained) as engagement_gained
    from grouped
    group by provider, day, group_type, group_value
)

select
    provider,
    day,
    group_type,
    group_value,
    cast(views_gained as double precision) as views_gained,
    cast(engagement_gained as double precision) as likes_comments_shares_gained,
    {{ ratio("views_gained", "sum(views_gained) over everybody") }}
        as views_gained_per_all_views_gained,
    {{ ratio("engagement_gained", "sum(engagement_gained) over everybody") }}
        as likes_comments_shares_gained_per_all
from summed
window everybody as (partition by provider, day, group_type)
