{% set days = 30 %}
with aged as (
    select
        posts.provider,
        posts.platform,
        cast(date_trunc('week', cast(posts.published_on as timestamp)) as date) as cohort_week,
        days.post_key,
        days.post_age_days as age_day,
        days.views_cum
    from {{ ref("fct_post_day") }} as days
    join {{ ref("dim_post") }} as posts on posts.post_key = days.post_key
    where days.post_age_days between 0 and {{ days }} and days.views_cum is not null
),

at_the_end as (
    select post_key, views_cum from aged where age_day = {{ days }}
)

select
    aged.provider,
    aged.platform,
    aged.cohort_week,
    aged.age_day,
    count(*) as posts,
    percentile_cont(0.25) within group (order by cast(aged.views_cum as double precision))
        as p25_views_cum,
    percentile_cont(0.5) within group (order by cast(aged.views_cum as double precision))
        as p50_views_cum,
    percentile_cont(0.75) within group (order by cast(aged.views_cum as double precision))
        as p75_views_cum,
    count(at_the_end.post_key) as posts_with_day_{{ days }},
    {{ ratio(
        "sum(case when at_the_end.post_key is not null then aged.views_cum end)",
        "sum(at_the_end.views_cum)",
    ) }} as views_per_views_at_day_{{ days }}
from aged
left join at_the_end on at_the_end.post_key = aged.post_key
group by aged.provider, aged.platform, aged.cohort_week, aged.age_day
