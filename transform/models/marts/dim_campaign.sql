select
    campaigns.campaign_key,
    campaigns.provider,
    campaigns.tenant,
    campaigns.client_ref,
    campaigns.name,
    case when count(distinct campaigns.external_ref) = 1 then min(campaigns.external_ref) end
        as external_ref,
    count(distinct campaigns.external_ref) as external_refs,
    case when count(distinct accounts.country) = 1 then min(accounts.country) end as country,
    min(campaigns.currency) as currency,
    coalesce(min(campaigns.starts_on), min(posts.published_on)) as starts_on,
    count(distinct posts.post_key) as posts
from {{ ref("int_post_campaigns") }} as campaigns
left join {{ ref("dim_post") }} as posts on posts.post_key = campaigns.post_key
left join {{ ref("dim_account") }} as accounts on accounts.account_key = posts.account_key
group by
    campaigns.campaign_key, campaigns.provider, campaigns.tenant, campaigns.client_ref,
    campaigns.name
