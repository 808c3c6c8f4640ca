{{ config(materialized="view") }}
{%- for provider in ["tokportal", "genviral", "tokfluence"] %}
select
    '{{ provider }}' as provider,
    tenant,
    run_id,
    command,
    shard,
    started_at,
    finished_at,
    exit_code,
    access_level,
    requests,
    retries,
    waited_s,
    rows_written,
    accounts,
    errors
from {{ landed(provider, "sync_runs") }} as landed
{{- "\nunion all" if not loop.last }}
{%- endfor %}
