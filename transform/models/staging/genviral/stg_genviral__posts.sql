with measured as (
    select tenant, analytics_id, max(coalesce(measured_at, fetched_at)) as measured_at
    from {{ landed("genviral", "post_snapshots") }} as snapshots
    group by tenant, analytics_id
)

select
    'genviral' as provider,
    posts.tenant,
    {{ key("genviral", "posts.analytics_id", "posts.tenant") }} as post_key,
    posts.analytics_id as post_id,
    {{ key("genviral", "posts.target_id", "posts.tenant") }} as account_key,
    posts.platform,
    posts.platform_post_id,
    posts.published_at,
    cast(null as varchar) as content_type,
    posts.duration_seconds,
    posts.caption,
    posts.url,
    cast(null as varchar) as hashtags,
    cast(null as varchar) as music_title,
    cast(null as boolean) as is_sponsored,
    posts.external_id as external_ref,
    posts.genviral_post_id,
    cast(null as varchar) as video_id,
    posts.first_seen_at,
    posts.last_seen_at,
    posts.removed_at,
    posts.fetched_at,
    coalesce(measured.measured_at, posts.fetched_at) as observed_at,
    'genviral' as source,
    posts.views,
    posts.likes,
    posts.comments,
    posts.shares,
    posts.saves,
    cast(null as bigint) as impressions
from {{ landed("genviral", "posts") }} as posts
left join measured
    on measured.tenant = posts.tenant and measured.analytics_id = posts.analytics_id
