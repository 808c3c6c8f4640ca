select
    'tokportal' as provider,
    {{ key("tokportal", "tracked_post_id") }} as post_key,
    {{ key("tokportal", "account_id") }} as account_key,
    source,
    captured_at as observed_at,
    {{ utc_day("captured_at") }} as day,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    bookmarks as saves_cum,
    impressions as impressions_cum,
    reach as reach_cum,
    engagement_rate_reported,
    snapshot_id as raw_id,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokportal", "post_snapshots") }} as landed
