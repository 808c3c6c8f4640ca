{{ config(materialized="view") }}
with standing as (
    {%- for provider in ["tokportal", "genviral", "tokfluence"] %}
    select
        '{{ provider }}' as provider,
        tenant,
        account_id,
        stream,
        status,
        last_success_at
    from {{ landed_ledger(provider, "sync_account_status") }} as landed
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
)

select
    standing.provider,
    standing.tenant,
    standing.stream,
    count(*) as accounts,
    count(case when status = 'ok' then 1 end) as accounts_ok,
    count(case when status = 'failed' then 1 end) as accounts_failed,
    count(case when status not in ('ok', 'failed') then 1 end) as accounts_without_data,
    count(case when last_success_at is null then 1 end) as accounts_never_read,
    min(last_success_at) as oldest_success_at,
    max(last_success_at) as newest_success_at,
    min(settlement.settled_through) as settled_through
from standing
left join {{ ref("int_stream_settlement") }} as settlement
    on settlement.provider = standing.provider
    and settlement.tenant = standing.tenant
    and settlement.account_id = standing.account_id
    and settlement.stream = standing.stream
group by standing.provider, standing.tenant, standing.stream
