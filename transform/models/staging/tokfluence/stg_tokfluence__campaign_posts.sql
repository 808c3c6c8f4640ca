select
    {{ key("tokfluence", "post_id") }} as post_key,
    {{ key("tokfluence", "campaign_id") }} as campaign_key
from {{ landed("tokfluence", "campaign_posts") }} as landed
where removed_at is null
