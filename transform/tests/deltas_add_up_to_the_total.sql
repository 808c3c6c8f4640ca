-- Over a stretch of one source without unknown figures, the deltas sum to last minus first.
with stretches as (
    select
        post_key,
        day,
        views_cum,
        views_delta,
        delta_kind in ('first_seen', 'source_changed') as begins,
        sum(case when delta_kind in ('first_seen', 'source_changed') then 1 else 0 end)
            over (partition by post_key order by day) as stretch
    from {{ ref("fct_post_day") }}
),

ends as (
    select
        stretches.*,
        first_value(views_cum) over stretch_of_days as first_views,
        last_value(views_cum) over stretch_of_days as last_views
    from stretches
    window stretch_of_days as (
        partition by post_key, stretch order by day
        rows between unbounded preceding and unbounded following
    )
)

select post_key, stretch
from ends
group by post_key, stretch, first_views, last_views
having count(*) = count(views_cum)
    and coalesce(sum(case when not begins then views_delta end), 0) <> last_views - first_views
