{# The posts of periods, ranked within their account. `periods`: a relation with provider, period,
   window_days, period_start and period_end. Any period is one query:

       select * from ({{ top_posts("(select 'tokportal' as provider, 'May' as period,
           cast(null as bigint) as window_days, date '2026-05-01' as period_start,
           date '2026-05-31' as period_end)") }}) as ranked #}
{% macro top_posts(periods) %}
with periods as (
    select * from {{ periods }} as asked
),

gained as (
    select
        periods.period,
        periods.window_days,
        periods.period_start,
        periods.period_end,
        days.provider,
        days.account_key,
        days.post_key,
        {{ total("days.views_gained") }} as views_gained,
        {{ total("days.likes_gained + days.comments_gained + days.shares_gained") }}
            as likes_comments_shares_gained,
        max(case when days.is_settled then 0 else 1 end) = 0 as is_settled
    from {{ ref("fct_post_day") }} as days
    join periods
        on periods.provider = days.provider
        and days.day between periods.period_start and periods.period_end
    where days.account_key is not null
    group by
        periods.period, periods.window_days, periods.period_start, periods.period_end,
        days.provider, days.account_key, days.post_key
    having sum(days.views_gained) is not null
),

compared as (
    select
        gained.*,
        count(*) over account as account_posts,
        avg(cast(views_gained as double precision)) over account as mean_gained,
        stddev_pop(cast(views_gained as double precision)) over account as spread
    from gained
    window account as (partition by period, account_key)
)

select
    compared.period,
    compared.window_days,
    compared.period_start,
    compared.period_end as window_end,
    compared.provider,
    posts.platform,
    compared.account_key,
    compared.post_key,
    compared.views_gained,
    compared.likes_comments_shares_gained,
    compared.account_posts,
    row_number() over (
        partition by compared.period, compared.account_key
        order by compared.views_gained desc, compared.post_key
    ) as rank_by_views_gained,
    -- Six digits: sums of floats end otherwise each time, and the same rows should give the same mart.
    case
        when account_posts >= 3 then cast(
            cast((views_gained - mean_gained) / nullif(spread, 0) as numeric(18, 6))
            as double precision
        )
    end as views_gained_z_score,
    compared.is_settled
        and coalesce(compared.period_end <= posts.settled_through, false) as is_settled
from compared
left join {{ ref("dim_post") }} as posts on posts.post_key = compared.post_key
{% endmacro %}
