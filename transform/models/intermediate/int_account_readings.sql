-- The moment up to which an account's totals were read. Genviral measures a target only at a
-- refresh, so reading it later says nothing new. Without ledger rows (the source run as plain dlt)
-- the newest row tells.
with listed as (
    select account_key, max(read_at) as read_at
    from {{ ref("int_stream_readings") }}
    where stream in ('drilldown', 'daily_series', 'target_snapshots')
    group by account_key
),

landed_rows as (
    select account_key, max(fetched_at) as read_at
    from (
        select account_key, fetched_at from {{ ref("int_account_captures") }}
        union all
        select account_key, fetched_at from {{ ref("int_series_readings") }}
    ) as readings
    group by account_key
)

select
    accounts.account_key,
    coalesce(refreshes.refreshed_at, listed.read_at, landed_rows.read_at) as read_until,
    coalesce(listed.read_at, landed_rows.read_at) as listed_until
from {{ ref("int_accounts") }} as accounts
left join listed on listed.account_key = accounts.account_key
left join landed_rows on landed_rows.account_key = accounts.account_key
left join {{ ref("stg_genviral__refreshes") }} as refreshes
    on refreshes.account_key = accounts.account_key
