-- The columns of the public social_media_reporting__rollup_report, then what it lacks.
select
    posts.published_at as created_timestamp,
    posts.tracked_post_id as post_id,
    posts.caption as post_message,
    accounts.account_id as page_id,
    accounts.handle as page_name,
    posts.url as post_url,
    posts.provider || '.' || posts.tenant as source_relation,
    posts.provider as _dbt_source_relation,
    posts.platform,
    cast(null as bigint) as clicks,
    latest.impressions,
    latest.likes,
    latest.shares,
    latest.comments,
    posts.post_key,
    posts.account_key,
    latest.views,
    latest.saves,
    {{ ratio("latest.likes + latest.comments + latest.shares", "latest.views") }}
        as likes_comments_shares_per_view,
    {{ ratio("latest.likes + latest.comments + latest.shares + latest.saves", "latest.views") }}
        as likes_comments_shares_saves_per_view,
    cast(extract(hour from posts.published_at at time zone 'UTC') as bigint) as posted_hour,
    latest.source,
    latest.observed_at as last_observed_at,
    posts.removed_at
from {{ ref("dim_post") }} as posts
join {{ ref("int_posts") }} as latest on latest.post_key = posts.post_key
left join {{ ref("dim_account") }} as accounts on accounts.account_key = posts.account_key
