select
    'tokportal' as provider,
    {{ key("tokportal", "account_id") }} as account_key,
    source,
    captured_at as observed_at,
    {{ utc_day("captured_at") }} as day,
    followers,
    following,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    bookmarks as saves_cum,
    posts_tracked,
    engagement_rate_reported,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokportal", "account_snapshots") }} as landed
