select
    post_key,
    campaign_key,
    match_method,
    rule,
    external_ref,
    1 / cast(count(*) over (partition by post_key) as double precision) as weight
from {{ ref("int_post_campaigns") }}
where post_key is not null
