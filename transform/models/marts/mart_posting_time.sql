{% set age, enough = 3, 5 %}
with posts as (
    select
        posts.account_key,
        posts.provider,
        extract(isodow from posts.published_at at time zone 'UTC') as weekday,
        extract(hour from posts.published_at at time zone 'UTC') as hour,
        cast(days.views_cum as double precision) as views
    from {{ ref("dim_post") }} as posts
    join {{ ref("fct_post_day") }} as days
        on days.post_key = posts.post_key and days.post_age_days = {{ age }}
    where posts.account_key is not null and days.views_cum is not null
),

accounts as (
    select account_key, percentile_cont(0.5) within group (order by views) as median_views
    from posts
    group by account_key
),

slots as (
    select
        account_key,
        provider,
        cast(weekday as bigint) as weekday,
        cast(hour as bigint) as hour,
        count(*) as posts,
        percentile_cont(0.5) within group (order by views) as median_views
    from posts
    group by account_key, provider, weekday, hour
)

select
    slots.account_key,
    slots.provider,
    slots.weekday,
    slots.hour,
    slots.posts,
    slots.median_views as median_views_at_age_{{ age }}_days,
    accounts.median_views as account_median_views_at_age_{{ age }}_days,
    {{ ratio("slots.median_views", "accounts.median_views") }} as median_per_account_median,
    slots.posts < {{ enough }} as is_low_n
from slots
join accounts on accounts.account_key = slots.account_key
