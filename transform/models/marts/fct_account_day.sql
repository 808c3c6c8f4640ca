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

-- Totals at a day's end by captures: a gain between two captures is split by time, or by the pace of
-- the series where it has both days.
capture_ends as (
    select
        account_key,
        of_day as day,
        source,
        observed_at,
        fetched_at,
        load_id,
        engagement_rate_reported,
        is_split,
        next_at is null as is_newest,
        least(seconds_to_end, coalesce(seconds_after_end, 86400)) <= 60 as is_at_day_end
        {%- for counter in account_counters %},
        case
            when is_split
                then {{ split_at_day_end(counter, share_before_day_end(counter), counter == "followers") }}
            else {{ counter }}_cum
        end as capture_{{ counter }}
        {%- endfor %}
    from (
        select
            bracketed.*,
            next_at is not null and (next_day = of_day + 1 or series.day is not null) as is_split,
            seconds_to_end / nullif(seconds_to_end + seconds_after_end, 0) as share_by_time
            {%- for counter in account_counters %},
            series_{{ counter }}
            {%- endfor %}
        from bracketed
        left join series
            on series.account_key = bracketed.account_key and series.day = bracketed.of_day
    ) as placed
    where is_split or day = of_day
),

combined as (
    select
        measured_days.account_key,
        measured_days.day,
        ends.source as capture_source,
        ends.observed_at as capture_observed_at,
        ends.fetched_at as capture_fetched_at,
        ends.load_id as capture_load_id,
        ends.engagement_rate_reported as capture_engagement_rate,
        coalesce(ends.is_split and not ends.is_at_day_end, false) as is_split,
        coalesce(ends.is_newest, false) as is_newest,
        coalesce(ends.is_at_day_end, false) as is_at_day_end,
        series.day as series_day,
        series.observed_at as series_observed_at,
        series.fetched_at as series_fetched_at,
        series.load_id as series_load_id,
        {% for counter in account_counters -%} capture_{{ counter }}, series_{{ counter }}, {% endfor %}
        accounts.settled_through,
        accounts.listed_until
    from measured_days
    left join capture_ends as ends
        on ends.account_key = measured_days.account_key and ends.day = measured_days.day
    left join series
        on series.account_key = measured_days.account_key and series.day = measured_days.day
    left join {{ ref("int_account_settlement") }} as accounts
        on accounts.account_key = measured_days.account_key
),

chained as (
    select
        combined.*,
        lag(day) over account as previous_day,
        lag(capture_source) over account as previous_capture_source,
        lag(series_day) over account as previous_series_day,
        coalesce(lag(is_split) over account, false) as is_previous_split,
        is_at_day_end
            and coalesce(lag(is_at_day_end) over account and lag(day) over account = day - 1, false)
            as is_exact
        {%- for counter in account_counters %},
        lag(capture_{{ counter }}) over account as previous_capture_{{ counter }},
        lag(series_{{ counter }}) over account as previous_series_{{ counter }}
        {%- endfor %}
    from combined
    window account as (partition by account_key order by day)
),

-- The best measurement of each day: captures at its beginning and its end; the series, once the
-- provider has stopped restating the day; other captures; the series as it stands.
chosen as (
    select
        chained.*,
        case
            when is_exact then 'captures'
            when series_day <= settled_through then 'series'
            -- Captures of another source than the day before tell no gain.
            when capture_source is distinct from previous_capture_source
                and series_day is not null and previous_series_day is not null
                then 'series'
            -- Nothing was captured since the day ended: both know a part of it.
            when is_newest and day <= {{ utc_day("listed_until") }} - 1
                and series_views - previous_series_views > capture_views - previous_capture_views
                then 'series'
            when capture_source is not null then 'captures'
            else 'series'
        end as measurement
    from chained
),

-- A day is compared with the day before by the same measurement: sources count otherwise.
measured as (
    select
        account_key,
        day,
        previous_day,
        measurement,
        settled_through,
        is_exact,
        {{ utc_day("listed_until") }} - 2 as listed_through,
        {% for counter in account_counters -%}
        case measurement when 'series' then series_{{ counter }} else capture_{{ counter }} end
            as {{ counter }}_end,
        case measurement when 'series' then previous_series_{{ counter }}
            else previous_capture_{{ counter }} end as previous_{{ counter }},
        {% endfor %}
        case measurement when 'series' then 'daily_series' else capture_source end as source,
        case
            when measurement = 'series' and previous_series_day is not null then 'daily_series'
            when measurement = 'captures' then previous_capture_source
        end as previous_source,
        case measurement when 'series' then series_observed_at else capture_observed_at end
            as observed_at,
        case measurement when 'series' then series_fetched_at else capture_fetched_at end
            as fetched_at,
        case measurement when 'series' then series_load_id else capture_load_id end as load_id,
        case when measurement = 'captures' then capture_engagement_rate end
            as engagement_rate_reported,
        measurement = 'captures' and not is_exact and (is_split or is_previous_split)
            as is_estimated,
        case measurement
            when 'series' then {{ utc_day("series_fetched_at") }} = day
            else is_newest
        end as is_partial_day
    from chosen
),

with_deltas as (
    select
        measured.*,
        {{ delta_kind(counters()) }} as delta_kind
        {%- for counter in account_counters %},
        {{ delta(counter, "false") }} as {{ counter }}_delta
        {%- endfor %}
    from measured
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
    coalesce(
        facts.is_partial_day and not days.day <= accounts.settled_through, facts.is_partial_day, false
    ) as is_partial_day,
    coalesce(facts.is_estimated, false) as is_estimated,
    -- Between exact captures a day needs no window, but posts of it and reported gains may follow.
    coalesce(
        days.day <= accounts.settled_through
        or facts.is_exact and days.day <= facts.listed_through and gains.account_key is null,
        false
    ) as is_settled
from days
left join with_deltas as facts on facts.account_key = days.account_key and facts.day = days.day
left join last_captures
    on last_captures.account_key = days.account_key and last_captures.day = days.day
left join {{ ref("int_daily_gains") }} as gains
    on gains.account_key = days.account_key and gains.day = days.day
left join published on published.account_key = days.account_key and published.day = days.day
left join {{ ref("int_account_settlement") }} as accounts
    on accounts.account_key = days.account_key
