{% set account_counters = counters() + ["followers"] %}
with observed as (
    select
        observations.*,
        followers as followers_cum,
        case source when 'daily_series' then 0 when 'bundle_social' then 1 else 2 end as preference
    from {{ ref("int_account_observations") }} as observations
),

placed as (
    select observed.*, {{ last_of_the_day("account_key") }} as place
    from observed
),

chained as (
    select
        placed.*,
        lag(day) over account as previous_day,
        lag(source) over account as previous_source
        {%- for counter in account_counters %},
        lag({{ counter }}_cum) over account as previous_{{ counter }}
        {%- endfor %}
    from placed
    where place = 1
    window account as (partition by account_key order by day)
),

told as (
    select
        chained.*,
        {{ delta_kind(counters()) }} as delta_kind
        {%- for counter in account_counters %},
        {{ delta(counter ~ "_cum", "previous_" ~ counter, "false") }} as {{ counter }}_delta
        {%- endfor %}
    from chained
),

-- What only a snapshot tells, by the last one of the day.
measured as (
    select account_key, day, following, posts_tracked, observed_at as snapshot_at
    from (
        select
            observed.*,
            row_number() over (
                partition by account_key, day order by preference, observed_at desc, source
            ) as place
        from observed
        where source <> 'daily_series'
    ) as snapshots
    where place = 1
),

published as (
    select account_key, published_on as day, count(*) as posts_published
    from {{ ref("dim_post") }}
    where account_key is not null and published_on is not null
    group by account_key, published_on
),

days as (
    select account_key, day from told
    union
    select account_key, day from {{ ref("int_daily_gains") }}
    union
    select account_key, day from published
)

select
    days.account_key,
    split_part(days.account_key, ':', 1) as provider,
    days.day,
    told.source,
    told.observed_at,
    told.fetched_at,
    told.load_id,
    coalesce(told.delta_kind, 'not_observed') as delta_kind,
    cast(days.day - told.previous_day as bigint) as days_since_prev_obs,
    told.followers,
    measured.following,
    {% for counter in counters() -%} told.{{ counter }}_cum, {% endfor %}
    measured.posts_tracked,
    measured.snapshot_at,
    told.followers_delta as net_followers,
    {% for counter in counters() -%} told.{{ counter }}_delta, {% endfor %}
    {% for counter in counters() -%}
    case when told.{{ counter }}_delta >= 0 then told.{{ counter }}_delta end
        as {{ counter }}_gained,
    {% endfor %}
    {% for counter in counters() -%} gains.{{ counter }}_gained_reported, {% endfor %}
    gains.followers_gained_reported,
    gains.reported_at,
    coalesce(published.posts_published, 0) as posts_published,
    {{ ratio("told.likes_cum + told.comments_cum + told.shares_cum", "told.views_cum") }}
        as likes_comments_shares_per_view,
    told.engagement_rate_reported,
    {{ utc_day("told.fetched_at") }} = days.day as is_partial_day
from days
left join told on told.account_key = days.account_key and told.day = days.day
left join measured on measured.account_key = days.account_key and measured.day = days.day
left join {{ ref("int_daily_gains") }} as gains
    on gains.account_key = days.account_key and gains.day = days.day
left join published on published.account_key = days.account_key and published.day = days.day
