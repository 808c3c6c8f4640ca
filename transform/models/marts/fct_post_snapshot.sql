{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["post_key", "source", "observed_at"],
    on_schema_change="append_new_columns",
    indexes=on_postgres(["post_key", "source", "observed_at"]),
    post_hook=["{{ delete_gone(this, ref('int_post_observations'), ['post_key', 'source', 'observed_at'], 'load_id') }}"],
) }}

select
    post_key,
    account_key,
    provider,
    source,
    observed_at,
    day,
    {% for counter in counters() -%} {{ counter }}_cum, {% endfor %}
    impressions_cum,
    reach_cum,
    engagement_rate_reported,
    raw_id,
    fetched_at,
    load_id
from {{ ref("int_post_observations") }} as observed
{% if is_incremental() %}
where load_id in ({{ differing(this, ref("int_post_observations"), "load_id") }})
and not exists (
    select 1 from {{ this }} as kept
    where kept.post_key = observed.post_key
        and kept.source = observed.source
        and kept.observed_at = observed.observed_at
        and kept.load_id = observed.load_id
)
{% endif %}
