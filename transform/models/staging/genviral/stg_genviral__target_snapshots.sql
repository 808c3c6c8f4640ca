select
    'genviral' as provider,
    {{ key("genviral", "target_id") }} as account_key,
    'genviral' as source,
    captured_at as observed_at,
    {{ utc_day("captured_at") }} as day,
    followers,
    following,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    cast(null as bigint) as saves_cum,
    posts_tracked,
    cast(null as double precision) as engagement_rate_reported,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("genviral", "target_snapshots") }} as landed
