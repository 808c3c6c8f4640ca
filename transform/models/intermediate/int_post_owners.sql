{{ config(
    materialized="incremental",
    incremental_strategy="append",
    indexes=on_postgres(["post_key"]),
    pre_hook=["{{ emptied(this) }}"],
) }}
-- Posts that several keys see count once, as in int_account_owners. The key that owns the account
-- owns its posts, as far as it sees them.
with every_post as (
    select
        posts.provider,
        posts.tenant,
        posts.post_key,
        coalesce(posts.platform || ' ' || posts.platform_post_id, posts.post_id) as identity,
        posts.removed_at,
        posts.first_seen_at,
        case when owners.account_key is null then 0 else 1 end as is_of_other_key
    from ({{ union_of(post_models()) }}) as posts
    left join {{ ref("int_account_owners") }} as owners on owners.account_key = posts.account_key
),

ranked as (
    select
        every_post.*,
        first_value(post_key) over owners as owner_key,
        first_value(tenant) over owners as owner_tenant
    from every_post
    window owners as (
        partition by provider, identity
        order by
            is_of_other_key, case when removed_at is null then 0 else 1 end,
            first_seen_at nulls last, tenant, post_key
    )
)

select post_key, owner_key
from ranked
where owner_tenant <> tenant
