-- A post belongs by one reference: the nearest that a rule of .dlt/clients.toml knows, else the
-- nearest. Tokfluence's campaigns list their posts themselves.
with choices as (
    select
        refs.post_key,
        refs.match_method,
        refs.external_ref,
        refs.tenant,
        clients.client_ref,
        coalesce(clients.campaign, refs.external_ref) as name,
        clients.rule,
        row_number() over (
            partition by refs.post_key
            order by case when clients.client_ref is null then 1 else 0 end, refs.distance
        ) as place
    from {{ ref("int_post_references") }} as refs
    left join {{ ref("stg_tokportal__clients") }} as clients
        on clients.tenant = refs.tenant and clients.external_ref = refs.external_ref
    -- Genviral's references are of single posts: without a rule they name no campaign.
    where refs.post_key like 'tokportal:%' or clients.client_ref is not null
)

select
    post_key,
    'tokportal:' || tenant || ':' || coalesce(client_ref || '/', '') || name as campaign_key,
    'tokportal' as provider,
    tenant,
    client_ref,
    name,
    external_ref,
    cast(null as varchar) as currency,
    cast(null as date) as starts_on,
    match_method,
    rule
from choices
where place = 1
union all
select
    posts.post_key,
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
