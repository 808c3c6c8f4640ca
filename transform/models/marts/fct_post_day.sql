{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["post_key", "day"],
    on_schema_change="append_new_columns",
    indexes=on_postgres(["post_key", "day"], ["day"]),
    post_hook=["{{ delete_gone(this, ref('fct_post_snapshot'), ['post_key', 'day'], 'post_key', 'sum(observations)') }}"],
) }}

-- A post that moved is reckoned anew from the first day that is new, other or gone; the day before
-- is read for its running totals alone.
with
{% if is_incremental() -%}
now_held as (
    select post_key, count(*) as observations, max(load_id) as newest_load_id
    from {{ ref("fct_post_snapshot") }}
    group by post_key
),

kept_of as (
    select
        post_key,
        sum(observations) as observations,
        max(newest_load_id) as newest_load_id,
        max(published_on) as published_on,
        max(account_key) as account_key
    from {{ this }}
    group by post_key
),

-- Days are compared of these posts alone.
touched as (
    select coalesce(now_held.post_key, kept_of.post_key) as post_key
    from now_held
    full join kept_of on kept_of.post_key = now_held.post_key
    left join {{ ref("dim_post") }} as posts on posts.post_key = now_held.post_key
    where now_held.observations is distinct from kept_of.observations
        or now_held.newest_load_id is distinct from kept_of.newest_load_id
        or kept_of.published_on is distinct from posts.published_on
        or kept_of.account_key is distinct from coalesce(posts.account_key, kept_of.account_key)
),

{% endif -%}
days as (
    select post_key, day, count(*) as observations, max(load_id) as newest_load_id
    from {{ ref("fct_post_snapshot") }}
    {% if is_incremental() -%} where post_key in (select post_key from touched) {%- endif %}
    group by post_key, day
),

{% if is_incremental() -%}
moved as (
    select
        coalesce(days.post_key, kept.post_key) as post_key,
        min(coalesce(days.day, kept.day)) as since
    from days
    full join (
        select * from {{ this }} where post_key in (select post_key from touched)
    ) as kept on kept.post_key = days.post_key and kept.day = days.day
    left join {{ ref("dim_post") }} as posts on posts.post_key = days.post_key
    where kept.post_key is null
        or days.post_key is null
        or kept.observations <> days.observations
        or kept.newest_load_id <> days.newest_load_id
        or kept.published_on is distinct from posts.published_on
        or kept.account_key is distinct from coalesce(posts.account_key, kept.account_key)
    group by coalesce(days.post_key, kept.post_key)
),

spans as (
    select moved.post_key, moved.since, coalesce(max(days.day), moved.since) as read_from
    from moved
    left join days on days.post_key = moved.post_key and days.day < moved.since
    group by moved.post_key, moved.since
),

{% endif -%}
observed as (
    select
        snapshots.*,
        case when source = 'bundle_social' then 0 else 1 end as preference
    from {{ ref("fct_post_snapshot") }} as snapshots
    {%- if is_incremental() %}
    join spans on spans.post_key = snapshots.post_key and spans.read_from <= snapshots.day
    {%- endif %}
),

placed as (
    select observed.*, {{ last_of_the_day("post_key") }} as place
    from observed
),

chained as (
    select
        placed.*,
        lag(day) over post as previous_day,
        lag(source) over post as previous_source
        {%- for counter in counters() %},
        lag({{ counter }}_cum) over post as previous_{{ counter }}
        {%- endfor %}
    from placed
    where place = 1
    window post as (partition by post_key order by day)
),

aged as (
    select
        chained.*,
        days.observations,
        days.newest_load_id,
        posts.published_on,
        coalesce(posts.account_key, chained.account_key) as post_account_key,
        chained.day - posts.published_on as age_days
    from chained
    join days on days.post_key = chained.post_key and days.day = chained.day
    left join {{ ref("dim_post") }} as posts on posts.post_key = chained.post_key
),

told as (
    select
        aged.*,
        {{ delta_kind(counters()) }} as delta_kind
        {%- for counter in counters() %},
        {{ delta(counter ~ "_cum", "previous_" ~ counter, "age_days between 0 and 1") }}
            as {{ counter }}_delta
        {%- endfor %}
    from aged
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
    {{ utc_day("fetched_at") }} = day as is_partial_day
from told
{% if is_incremental() -%}
where exists (select 1 from spans where spans.post_key = told.post_key and spans.since <= told.day)
{% endif %}
