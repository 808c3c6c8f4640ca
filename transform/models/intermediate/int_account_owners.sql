{{ config(
    materialized="incremental",
    incremental_strategy="append",
    indexes=on_postgres(["account_key"]),
    pre_hook=["{{ emptied(this) }}"],
) }}
-- Accounts that several keys see count once. `owner_key` is the account as the owning key sees it: a
-- key that still lists it, then the one that saw it first. Only accounts of other keys are here.
with every_account as (
    select
        provider,
        tenant,
        account_key,
        -- Two Genviral scopes give one profile two target ids.
        case
            when provider = 'genviral' then coalesce(platform || ' ' || handle, account_id)
            else account_id
        end as identity,
        removed_at,
        first_seen_at
    from ({{ union_of(account_models()) }}) as accounts
),

ranked as (
    select
        every_account.*,
        first_value(account_key) over owners as owner_key,
        first_value(tenant) over owners as owner_tenant
    from every_account
    window owners as (
        partition by provider, identity
        order by
            case when removed_at is null then 0 else 1 end,
            first_seen_at nulls last, tenant, account_key
    )
)

select account_key, owner_key
from ranked
where owner_tenant <> tenant
