select
    'tokfluence' as provider,
    {{ key("tokfluence", "post_id") }} as post_key,
    {{ key("tokfluence", "nullif(creator_handle, 'unknown')") }} as account_key,
    'tokfluence' as source,
    fetched_at as observed_at,
    fetched_on as day,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    saves as saves_cum,
    cast(null as bigint) as impressions_cum,
    cast(null as bigint) as reach_cum,
    cast(null as double precision) as engagement_rate_reported,
    cast(null as varchar) as raw_id,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokfluence", "post_snapshots") }} as landed
