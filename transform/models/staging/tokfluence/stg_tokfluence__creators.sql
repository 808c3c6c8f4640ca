-- Posts name their creator by handle; the list of creators holds those of campaigns alone.
with handles as (
    select
        tenant,
        creator_handle as handle,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        max(fetched_at) as fetched_at
    from {{ landed("tokfluence", "posts") }} as landed
    where creator_handle <> 'unknown'
    group by tenant, creator_handle
),

creators as (
    select
        tenant,
        lower(username) as handle,
        max(display_name) as display_name,
        max(region) as region,
        min(first_seen_at) as first_seen_at,
        max(fetched_at) as fetched_at
    from {{ landed("tokfluence", "creators") }} as landed
    where username is not null
    group by tenant, lower(username)
),

both_lists as (
    select
        tenant,
        handle,
        creators.display_name,
        creators.region,
        coalesce(handles.first_seen_at, creators.first_seen_at) as first_seen_at,
        coalesce(handles.last_seen_at, creators.fetched_at) as last_seen_at,
        coalesce(handles.fetched_at, creators.fetched_at) as fetched_at
    from handles
    full outer join creators using (tenant, handle)
)

select
    'tokfluence' as provider,
    tenant,
    {{ key("tokfluence", "handle") }} as account_key,
    handle as account_id,
    'tiktok' as platform,
    handle,
    display_name,
    region as country,
    cast(null as varchar) as workspace_id,
    cast(null as varchar) as external_ref,
    cast(null as varchar) as profile_url,
    cast(null as boolean) as is_connected,
    cast(null as boolean) as is_banned,
    cast(null as varchar) as analytics_source,
    first_seen_at,
    last_seen_at,
    cast(null as timestamptz) as removed_at,
    fetched_at
from both_lists
