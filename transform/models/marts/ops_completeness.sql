{{ config(materialized="view") }}
with checks as (
    {%- for provider in ["tokportal", "genviral", "tokfluence"] %}
    select
        '{{ provider }}' as provider,
        tenant,
        account_id,
        stream,
        status,
        equation,
        expected,
        landed,
        fetched_at as checked_at,
        row_number() over (
            partition by tenant, account_id, stream order by fetched_at desc, entry_id
        ) as place
    from {{ landed(provider, "sync_completeness") }} as landed
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
),

newest as (
    select * from checks where place = 1
)

-- A stream whose account was not read again since, or that proves nothing, has its settled days too.
select
    coalesce(newest.provider, settlement.provider) as provider,
    coalesce(newest.tenant, settlement.tenant) as tenant,
    coalesce(newest.account_id, settlement.account_id) as account_id,
    coalesce(newest.stream, settlement.stream) as stream,
    coalesce(newest.status, 'unproven') as status,
    newest.equation,
    newest.expected,
    newest.landed,
    settlement.settled_through,
    newest.checked_at
from newest
full join {{ ref("int_stream_settlement") }} as settlement
    on settlement.provider = newest.provider
    and settlement.tenant = newest.tenant
    and settlement.account_id = newest.account_id
    and settlement.stream = newest.stream
