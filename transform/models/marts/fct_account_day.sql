{% set account_counters = counters() + ["followers"] %}
with series as (
    select
        account_key,
        day,
        observed_at,
        fetched_at,
        load_id,
        {% for counter in account_counters -%}
        {% set column = "followers" if counter == "followers" else counter ~ "_cum" -%}
        {{ column }} as series_{{ counter }},
        lag({{ column }}) over account as previous_{{ counter }},
        {% endfor %}
        lag(day) over account as previous_day
    from {{ ref("int_account_series") }}
    window account as (partition by account_key order by day)
),

captures as (
    select
        captures.*,
        followers as followers_cum,
        case source when 'bundle_social' then 1 else 2 end as preference
    from {{ ref("int_account_captures") }} as captures
),

-- The series tells at which pace a day gained. `…_pace`: where it would have stood at the moment of a
-- capture, had the day gained evenly.
paced as (
    select
        captures.*
        {%- for counter in account_counters %},
        series.previous_{{ counter }}
            + (series.series_{{ counter }} - series.previous_{{ counter }})
            * {{ seconds_between(day_end("captures.day - 1"), "captures.observed_at") }} / 86400
            as {{ counter }}_pace
        {%- endfor %}
    from captures
    left join series
        on series.account_key = captures.account_key
        and series.day = captures.day
        and series.previous_day = captures.day - 1
),

intervals as (
    select
        paced.*,
        lead(observed_at) over source_of_account as next_at,
        lead(day) over source_of_account as next_day
        {%- for counter in account_counters %},
        lead({{ counter }}_cum) over source_of_account as next_{{ counter }},
        lead({{ counter }}_pace) over source_of_account as next_{{ counter }}_pace
        {%- endfor %}
    from paced
    window source_of_account as (partition by account_key, source order by observed_at)
),

measured_days as (
    select account_key, day from captures
    union
    select account_key, day from series
),

-- The captures around a day's end, of one source: the connected one where both measured that day.
bracketed as (
    select *
    from (
        select
            measured_days.day as of_day,
            intervals.*,
            {{ seconds_between("observed_at", day_end("measured_days.day")) }} as seconds_to_end,
            {{ seconds_between(day_end("measured_days.day"), "next_at") }} as seconds_after_end,
            row_number() over (
                partition by measured_days.account_key, measured_days.day
                order by
                    case when intervals.day = measured_days.day then 0 else 1 end,
                    preference, observed_at desc, source
            ) as place
        from measured_days
        join intervals
            on intervals.account_key = measured_days.account_key
            and intervals.day <= measured_days.day
            and coalesce(intervals.next_day, intervals.day + 1) > measured_days.day
    ) as placed
    where place = 1
),

-- The best measurement of each day: a capture at its end; the series, once the provider has stopped
-- restating the day; the captures around its end; its last capture; the series as it stands.
chosen as (
    select
        measured_days.account_key,
        measured_days.day,
        case
            when is_at_day_end or series.day > accounts.settled_through or series.day is null
                or accounts.settled_through is null
                then case
                    when next_at is not null and (is_at_day_end or next_day = of_day + 1 or series.day is not null)
                        then 'split'
                    when captures.day = of_day then 'capture'
                    else 'series'
                end
            else 'series'
        end as measurement,
        coalesce(is_at_day_end, false) as is_at_day_end,
        captures.source as capture_source,
        captures.observed_at as capture_observed_at,
        captures.fetched_at as capture_fetched_at,
        captures.load_id as capture_load_id,
        captures.engagement_rate_reported as capture_engagement_rate,
        seconds_to_end / nullif(seconds_to_end + seconds_after_end, 0) as share_by_time,
        {% for counter in account_counters -%}
        {{ counter }}_cum, next_{{ counter }}, {{ counter }}_pace, next_{{ counter }}_pace, series_{{ counter }},
        {% endfor %}
        series.observed_at as series_observed_at,
        series.fetched_at as series_fetched_at,
        series.load_id as series_load_id
    from measured_days
    left join (
        select
            bracketed.*,
            least(seconds_to_end, coalesce(seconds_after_end, 86400)) <= 60 as is_at_day_end
        from bracketed
    ) as captures
        on captures.account_key = measured_days.account_key and captures.of_day = measured_days.day
    left join series
        on series.account_key = measured_days.account_key and series.day = measured_days.day
    left join {{ ref("dim_account") }} as accounts
        on accounts.account_key = measured_days.account_key
),

-- A gain between two captures is split over the day's end by time; where the series has both days,
-- by the pace of each.
measured as (
    select
        account_key,
        day,
        measurement,
        is_at_day_end,
        {% for counter in account_counters -%}
        case measurement
            when 'series' then series_{{ counter }}
            when 'split' then {{ split_at_day_end(counter, share_before_day_end(counter), counter == "followers") }}
            else {{ counter }}_cum
        end as {{ counter }}_end,
        {% endfor %}
        case measurement when 'series' then 'daily_series' else capture_source end as source,
        case measurement when 'series' then series_observed_at else capture_observed_at end
            as observed_at,
        case measurement when 'series' then series_fetched_at else capture_fetched_at end
            as fetched_at,
        case measurement when 'series' then series_load_id else capture_load_id end as load_id,
        case when measurement <> 'series' then capture_engagement_rate end
            as engagement_rate_reported
    from chosen
),

chained as (
    select
        measured.*,
        lag(day) over account as previous_day,
        lag(source) over account as previous_source,
        lag(measurement) over account as previous_measurement,
        lag(is_at_day_end) over account as is_previous_at_day_end
        {%- for counter in account_counters %},
        lag({{ counter }}_end) over account as previous_{{ counter }}
        {%- endfor %}
    from measured
    window account as (partition by account_key order by day)
),

with_deltas as (
    select
        chained.*,
        measurement = 'split' and not is_at_day_end
            or coalesce(previous_measurement = 'split' and not is_previous_at_day_end, false)
            as is_estimated,
        {{ delta_kind(counters()) }} as delta_kind
        {%- for counter in account_counters %},
        {{ delta(counter, "false") }} as {{ counter }}_delta
        {%- endfor %}
    from chained
),

-- What only a snapshot tells, by the last one of the day.
last_captures as (
    select account_key, day, following, posts_tracked, observed_at as snapshot_at
    from (
        select captures.*, {{ last_of_the_day("account_key") }} as place from captures
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
    select account_key, day from with_deltas
    union
    select account_key, day from {{ ref("int_daily_gains") }}
    union
    select account_key, day from published
)

select
    days.account_key,
    split_part(days.account_key, ':', 1) as provider,
    days.day,
    facts.source,
    facts.observed_at,
    facts.fetched_at,
    facts.load_id,
    coalesce(facts.delta_kind, 'not_observed') as delta_kind,
    cast(days.day - facts.previous_day as bigint) as days_since_prev_obs,
    facts.followers_end as followers,
    last_captures.following,
    {% for counter in counters() -%} facts.{{ counter }}_end as {{ counter }}_cum, {% endfor %}
    last_captures.posts_tracked,
    last_captures.snapshot_at,
    facts.followers_delta as net_followers,
    {% for counter in counters() -%} facts.{{ counter }}_delta, {% endfor %}
    {% for counter in counters() -%}
    case when facts.{{ counter }}_delta >= 0 then facts.{{ counter }}_delta end
        as {{ counter }}_gained,
    {% endfor %}
    {% for counter in counters() -%} gains.{{ counter }}_gained_reported, {% endfor %}
    gains.followers_gained_reported,
    gains.reported_at,
    coalesce(published.posts_published, 0) as posts_published,
    {{ ratio("facts.likes_end + facts.comments_end + facts.shares_end", "facts.views_end") }}
        as likes_comments_shares_per_view,
    facts.engagement_rate_reported,
    coalesce(facts.measurement <> 'split' and {{ utc_day("facts.fetched_at") }} = days.day, false)
        as is_partial_day,
    coalesce(facts.is_estimated, false) as is_estimated,
    coalesce(
        days.day <= accounts.settled_through
        or facts.is_at_day_end
            and (facts.previous_day is null or facts.is_previous_at_day_end
                or facts.previous_day <= accounts.settled_through)
            and gains.account_key is null,
        false
    ) as is_settled
from days
left join with_deltas as facts on facts.account_key = days.account_key and facts.day = days.day
left join last_captures
    on last_captures.account_key = days.account_key and last_captures.day = days.day
left join {{ ref("int_daily_gains") }} as gains
    on gains.account_key = days.account_key and gains.day = days.day
left join published on published.account_key = days.account_key and published.day = days.day
left join {{ ref("dim_account") }} as accounts on accounts.account_key = days.account_key
