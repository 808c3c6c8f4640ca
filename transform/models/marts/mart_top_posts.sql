with windows as (
    select 7 as window_days
    union all
    select 28
    union all
    select 90
),

-- A window ends with the provider's newest day, not today: figures may be days old.
ends as (
    select provider, max(day) as window_end from {{ ref("fct_post_day") }} group by provider
),

gained as (
    select
        windows.window_days,
        ends.window_end,
        days.provider,
        days.account_key,
        days.post_key,
        {{ total("days.views_gained") }} as views_gained,
        {{ total("days.likes_gained + days.comments_gained + days.shares_gained") }}
            as likes_comments_shares_gained
    from {{ ref("fct_post_day") }} as days
    join ends on ends.provider = days.provider
    join windows on days.day > ends.window_end - windows.window_days
    where days.account_key is not null
    group by
        windows.window_days, ends.window_end, days.provider, days.account_key, days.post_key
    having sum(days.views_gained) is not null
),

compared as (
    select
        gained.*,
        count(*) over account as account_posts,
        avg(cast(views_gained as double precision)) over account as mean_gained,
        stddev_pop(cast(views_gained as double precision)) over account as spread
    from gained
    window account as (partition by window_days, account_key)
)

select
    cast(window_days as bigint) as window_days,
    window_end,
    provider,
    account_key,
    post_key,
    views_gained,
    likes_comments_shares_gained,
    account_posts,
    row_number() over (
        partition by window_days, account_key order by views_gained desc, post_key
    ) as rank_by_views_gained,
    -- Six digits: sums of floats end otherwise each time, and the same rows should give the same mart.
    case
        when account_posts >= 3 then cast(
            cast((views_gained - mean_gained) / nullif(spread, 0) as numeric(18, 6))
            as double precision
        )
    end as views_gained_z_score
from compared
