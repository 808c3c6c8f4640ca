-- A period ends with the provider's newest day, not today: figures may be days old. The variables
-- top_posts_since and top_posts_until (both days included) add a period of one's own.
{%- set since, until = var("top_posts_since", none), var("top_posts_until", none) %}
with newest as (
    select provider, max(day) as day from {{ ref("fct_post_day") }} group by provider
),

calendar as (
    select
        provider,
        day,
        cast(date_trunc('week', cast(day + 1 as timestamp)) as date) as week_start,
        cast(date_trunc('month', cast(day + 1 as timestamp)) as date) as month_start
    from newest
),

asked_periods as (
    {%- for days in [7, 28, 90] %}
    select provider, 'last_{{ days }}_days' as period, cast({{ days }} as bigint) as window_days,
        day - {{ days - 1 }} as period_start, day as period_end
    from calendar
    union all
    {%- endfor %}
    select provider, 'week', cast(null as bigint), week_start - 7, week_start - 1
    from calendar
    union all
    select provider, 'month', cast(null as bigint),
        cast(month_start - interval '1 month' as date), month_start - 1
    from calendar
    {%- if since and until %}
    union all
    select provider, 'asked', cast(null as bigint), date '{{ since }}', date '{{ until }}'
    from calendar
    {%- endif %}
)

select * from ({{ top_posts("asked_periods") }}) as ranked
