-- Over a stretch of one source without unknown and estimated figures, the deltas sum to last minus
-- first.
with marked as (
    select
        post_key,
        day,
        views_cum,
        views_delta,
        is_estimated,
        delta_kind in ('first_seen', 'source_changed') as begins
    from {{ ref("fct_post_day") }}
),

stretches as (
    select
        marked.*,
        coalesce(lead(begins) over post, true) as ends,
        sum(case when begins then 1 else 0 end) over post as stretch
    from marked
    window post as (partition by post_key order by day)
)

select post_key, stretch
from stretches
group by post_key, stretch
having count(*) = count(views_cum)
    and count(case when is_estimated then 1 end) = 0
    and coalesce(sum(case when not begins then views_delta end), 0)
        <> sum(case when ends then views_cum end)
            - coalesce(sum(case when begins then views_cum end), 0)
