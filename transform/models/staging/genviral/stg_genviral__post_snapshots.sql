select
    'genviral' as provider,
    {{ key("genviral", "analytics_id") }} as post_key,
    {{ key("genviral", "target_id") }} as account_key,
    'genviral' as source,
    fetched_at as observed_at,
    fetched_on as day,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    saves as saves_cum,
    cast(null as bigint) as impressions_cum,
    cast(null as bigint) as reach_cum,
    engagement_rate_reported,
    cast(null as varchar) as raw_id,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("genviral", "post_snapshots") }} as landed
