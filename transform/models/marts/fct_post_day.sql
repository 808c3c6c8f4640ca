{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["post_key", "day"],
    on_schema_change="append_new_columns",
    indexes=on_postgres(["post_key", "day"], ["day"]),
    post_hook=["{{ delete_gone(this, ref('fct_post_snapshot'), ['post_key', 'day'], 'post_key', 'sum(observations)') }}"],
) }}

-- A post that changed is built again from the last observed day before the first day that is new,
-- other or gone, because a later observation moves that day's end. The day before it is read for its
-- running totals alone.
with
{% if is_incremental() -%}
current_posts as (
    select post_key, count(*) as observations, max(load_id) as newest_load_id
    from {{ ref("fct_post_snapshot") }}
    group by post_key
),

previous_posts as (
    select
        post_key,
        sum(observations) as observations,
        max(newest_load_id) as newest_load_id,
        max(published_on) as published_on,
        max(account_key) as account_key,
        max(case when is_settled then day end) as settled_to,
        min(case when not is_settled then day end) as unsettled_from
    from {{ this }}
    group by post_key
),

-- Days are compared of these posts alone.
changed_posts as (
    select coalesce(current_posts.post_key, previous_posts.post_key) as post_key
    from current_posts
    full join previous_posts on previous_posts.post_key = current_posts.post_key
    left join {{ ref("dim_post") }} as posts on posts.post_key = current_posts.post_key
    where current_posts.observations is distinct from previous_posts.observations
        or current_posts.newest_load_id is distinct from previous_posts.newest_load_id
        or previous_posts.published_on is distinct from posts.published_on
        or previous_posts.account_key
            is distinct from coalesce(posts.account_key, previous_posts.account_key)
        or coalesce(previous_posts.settled_to > posts.settled_through,
            previous_posts.settled_to is not null)
        or previous_posts.unsettled_from <= posts.settled_through
),

{% endif -%}
days as (
    select
        post_key,
        day,
        count(*) as observations,
        max(load_id) as newest_load_id,
        lag(day, 1, day) over (partition by post_key order by day) as day_before
    from {{ ref("fct_post_snapshot") }}
    {% if is_incremental() -%}
    where post_key in (select post_key from changed_posts)
    {%- endif %}
    group by post_key, day
),

{% if is_incremental() -%}
changed_days as (
    select
        coalesce(days.post_key, previous.post_key) as post_key,
        min(coalesce(days.day, previous.day)) as since
    from days
    full join (
        select * from {{ this }} where post_key in (select post_key from changed_posts)
    ) as previous on previous.post_key = days.post_key and previous.day = days.day
    left join {{ ref("dim_post") }} as posts on posts.post_key = days.post_key
    where previous.post_key is null
        or days.post_key is null
        or previous.observations <> days.observations
        or previous.newest_load_id <> days.newest_load_id
        or previous.published_on is distinct from posts.published_on
        or previous.account_key is distinct from coalesce(posts.account_key, previous.account_key)
        or previous.is_settled <> coalesce(previous.day <= posts.settled_through, false)
    group by coalesce(days.post_key, previous.post_key)
),

-- `since`: the first day to build; `read_from`: the last observed day before it.
spans as (
    select
        changed_days.post_key,
        coalesce(max(days.day), changed_days.since) as since,
        coalesce(max(days.day_before), changed_days.since) as read_from
    from changed_days
    left join days on days.post_key = changed_days.post_key and days.day < changed_days.since
    group by changed_days.post_key, changed_days.since
),

{% endif -%}
observed as (
    select
        snapshots.*,
        case when source = 'bundle_social' then 0 else 1 end as preference,
        lead(observed_at) over source_of_post as next_at,
        lead(day) over source_of_post as next_day
        {%- for counter in counters() %},
        lead({{ counter }}_cum) over source_of_post as next_{{ counter }}
        {%- endfor %}
    from {{ ref("fct_post_snapshot") }} as snapshots
    {%- if is_incremental() %}
    join spans on spans.post_key = snapshots.post_key and spans.read_from <= snapshots.day
    {%- endif %}
    window source_of_post as (
        partition by snapshots.post_key, snapshots.source order by snapshots.observed_at
    )
),

ranked as (
    select observed.*, {{ last_of_the_day("post_key") }} as place
    from observed
),

last_observations as (
    select
        ranked.*,
        days.observations,
        days.newest_load_id,
        posts.published_on,
        coalesce(posts.account_key, ranked.account_key) as post_account_key,
        ranked.day - posts.published_on as age_days,
        coalesce(ranked.day <= posts.settled_through, false) as is_settled,
        -- Without all captures of the day, its end lies between two observations.
        next_day = ranked.day + 1 and not coalesce(ranked.day <= posts.exact_through, false)
            as is_split,
        coalesce(ranked.day <= posts.exact_through, false) as is_exact,
        {{ seconds_between("observed_at", day_end("ranked.day")) }}
            / nullif({{ seconds_between("observed_at", "next_at") }}, 0) as share_by_time
    from ranked
    join days on days.post_key = ranked.post_key and days.day = ranked.day
    left join {{ ref("dim_post") }} as posts on posts.post_key = ranked.post_key
    where ranked.place = 1
),

measured as (
    select
        last_observations.*
        {%- for counter in counters() %},
        case
            when is_split then {{ split_at_day_end(counter, "share_by_time") }}
            else {{ counter }}_cum
        end as {{ counter }}_end
        {%- endfor %}
    from last_observations
),

chained as (
    select
        measured.*,
        lag(day) over post as previous_day,
        lag(source) over post as previous_source,
        coalesce(is_split, false) or coalesce(lag(is_split) over post, false) as is_estimated
        {%- for counter in counters() %},
        lag({{ counter }}_end) over post as previous_{{ counter }}
        {%- endfor %}
    from measured
    window post as (partition by post_key order by day)
),

with_deltas as (
    select
        chained.*,
        {{ delta_kind(counters()) }} as delta_kind
        {%- for counter in counters() %},
        {{ delta(counter, "age_days between 0 and 1") }} as {{ counter }}_delta
        {%- endfor %}
    from chained
)

select
    post_key,
    post_account_key as account_key,
    provider,
    day,
    published_on,
    cast(age_days as bigint) as post_age_days,
    source,
    observed_at,
    fetched_at,
    load_id,
    observations,
    newest_load_id,
    delta_kind,
    cast(day - previous_day as bigint) as days_since_prev_obs,
    {% for counter in counters() -%} {{ counter }}_cum, {% endfor %}
    impressions_cum,
    reach_cum,
    {% for counter in counters() -%} {{ counter }}_delta, {% endfor %}
    {% for counter in counters() -%}
    case when {{ counter }}_delta >= 0 then {{ counter }}_delta end as {{ counter }}_gained,
    {% endfor %}
    {{ ratio("likes_cum + comments_cum + shares_cum", "views_cum") }}
        as likes_comments_shares_per_view,
    {{ ratio("likes_cum + comments_cum + shares_cum + saves_cum", "views_cum") }}
        as likes_comments_shares_saves_per_view,
    engagement_rate_reported,
    next_at is null and not is_exact and not is_settled as is_partial_day,
    is_estimated,
    is_settled
from with_deltas
{% if is_incremental() -%}
where exists (
    select 1 from spans where spans.post_key = with_deltas.post_key and spans.since <= with_deltas.day
)
{% endif %}
