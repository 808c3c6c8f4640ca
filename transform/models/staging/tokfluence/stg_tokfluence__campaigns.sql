select
    tenant,
    {{ key("tokfluence", "campaign_id") }} as campaign_key,
    campaign_id,
    name,
    currency,
    {{ utc_day("created_at") }} as starts_on
from {{ landed("tokfluence", "campaigns") }} as landed
