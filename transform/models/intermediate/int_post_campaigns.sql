-- Each post with its campaign. A reference of a bundle or an account is a campaign by itself. A
-- clip's reference is not: it belongs to a client where a rule of .dlt/clients.toml knows it, and
-- to a campaign where that rule names one. Tokfluence's campaigns list their posts themselves.
with attributed as (
    select
        refs.post_key,
        refs.match_method,
        refs.external_ref,
        refs.tenant,
        clients.client_ref,
        case when refs.match_method = 'external_ref' then clients.campaign
            else coalesce(clients.campaign, refs.external_ref) end as name,
        clients.rule
    from {{ ref("int_post_references") }} as refs
    left join {{ ref("stg_tokportal__clients") }} as clients
        on clients.tenant = refs.tenant and clients.external_ref = refs.external_ref
    where refs.match_method <> 'external_ref' or clients.client_ref is not null
)

select
    post_key,
    'tokportal:' || tenant || ':' || coalesce(client_ref || '/', '') || coalesce(name, '')
        as campaign_key,
    'tokportal' as provider,
    tenant,
    client_ref,
    name,
    external_ref,
    cast(null as varchar) as currency,
    cast(null as date) as starts_on,
    match_method,
    rule
from attributed
union all
select
    coalesce(owners.owner_key, posts.post_key),
    campaigns.campaign_key,
    'tokfluence',
    campaigns.tenant,
    cast(null as varchar),
    campaigns.name,
    cast(null as varchar),
    campaigns.currency,
    campaigns.starts_on,
    'listing',
    cast(null as varchar)
from {{ ref("stg_tokfluence__campaigns") }} as campaigns
left join {{ ref("stg_tokfluence__campaign_posts") }} as posts
    on posts.campaign_key = campaigns.campaign_key
left join {{ ref("int_post_owners") }} as owners on owners.post_key = posts.post_key
