with clients as (
    select tenant, external_ref, client_ref
    from {{ ref("stg_tokportal__clients") }}
)

select
    accounts.account_key,
    accounts.provider,
    accounts.tenant,
    accounts.account_id,
    accounts.platform,
    accounts.handle,
    accounts.display_name,
    accounts.country,
    accounts.workspace_id,
    accounts.external_ref,
    clients.client_ref,
    accounts.profile_url,
    accounts.is_connected,
    accounts.is_banned,
    accounts.analytics_source,
    'UTC' as timezone,
    accounts.first_seen_at,
    accounts.last_seen_at,
    accounts.removed_at,
    accounts.fetched_at,
    settlement.restatement_days,
    settlement.is_window_learned,
    settlement.settled_through
from {{ ref("int_accounts") }} as accounts
left join {{ ref("int_account_settlement") }} as settlement
    on settlement.account_key = accounts.account_key
left join clients
    on clients.tenant = accounts.tenant and clients.external_ref = accounts.external_ref
