-- Running totals at the end of each day, as the provider reckons them.
select
    'tokportal' as provider,
    {{ key("tokportal", "account_id") }} as account_key,
    'daily_series' as source,
    fetched_at as observed_at,
    "date" as day,
    followers,
    cast(null as bigint) as following,
    views as views_cum,
    likes as likes_cum,
    comments as comments_cum,
    shares as shares_cum,
    cast(null as bigint) as saves_cum,
    cast(null as bigint) as posts_tracked,
    cast(null as double precision) as engagement_rate_reported,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokportal", "daily_series") }} as landed
