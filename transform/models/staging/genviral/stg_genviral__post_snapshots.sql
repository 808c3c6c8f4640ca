-- Figures belong to the moment of measurement. A post that was read on two days without a refresh in
-- between was observed once; the newest reading of that observation is kept.
with readings as (
    select
        landed.*,
        coalesce(measured_at, fetched_at) as observed_at,
        row_number() over (
            partition by tenant, analytics_id, coalesce(measured_at, fetched_at)
            order by fetched_on desc
        ) as place
    from {{ landed("genviral", "post_snapshots") }} as landed
)

select
    'genviral' as provider,
    {{ key("genviral", "analytics_id") }} as post_key,
    {{ key("genviral", "target_id") }} as account_key,
    'genviral' as source,
    observed_at,
    {{ utc_day("observed_at") }} as day,
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
from readings
where place = 1
