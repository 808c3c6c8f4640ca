{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook=["{{ emptied(this) }}"],
) }}
-- The last settled day of the figures that a stream brings, by account. Removed accounts are left out.
with accounts as (
    select accounts.provider, accounts.tenant, accounts.account_id, accounts.account_key,
        accounts.settled_through
    from {{ ref("dim_account") }} as accounts
    where accounts.removed_at is null
),

account_streams as (
    select 'tokportal' as provider, 'drilldown' as stream
    union all
    select 'tokportal', 'daily_series'
    union all
    select 'tokportal', 'account_raw_snapshots'
    union all
    select 'genviral', 'target_snapshots'
    union all
    select 'genviral', 'daily_series'
),

post_streams as (
    select 'tokportal' as provider, 'post_raw_snapshots' as stream
    union all
    select 'genviral', 'posts'
    union all
    select 'tokfluence', 'posts'
),

posts as (
    select account_key, {{ settled_through_of("posts") }} as settled_through
    from {{ ref("dim_post") }} as posts
    group by account_key
)

select accounts.provider, accounts.tenant, accounts.account_id, account_streams.stream,
    accounts.settled_through
from accounts
join account_streams on account_streams.provider = accounts.provider
union all
select accounts.provider, accounts.tenant, accounts.account_id, post_streams.stream,
    nullif(posts.settled_through, date '1970-01-01')
from accounts
join post_streams on post_streams.provider = accounts.provider
join posts on posts.account_key = accounts.account_key
