-- Every reference by which a post may belong to a client, the nearest first.
select tenant, post_key, 'external_ref' as match_method, 1 as distance, external_ref
from {{ ref("int_posts") }}
where provider in ('tokportal', 'genviral') and external_ref is not null
union all
select posts.tenant, posts.post_key, 'bundle', 2, videos.video_ref
from {{ ref("int_posts") }} as posts
join {{ ref("stg_tokportal__ordered_videos") }} as videos
    on videos.tenant = posts.tenant and videos.video_id = posts.video_id
where posts.provider = 'tokportal' and videos.video_ref is not null
union all
select posts.tenant, posts.post_key, 'bundle', 3, videos.bundle_ref
from {{ ref("int_posts") }} as posts
join {{ ref("stg_tokportal__ordered_videos") }} as videos
    on videos.tenant = posts.tenant and videos.video_id = posts.video_id
where posts.provider = 'tokportal' and videos.bundle_ref is not null
union all
select posts.tenant, posts.post_key, 'account', 4, accounts.external_ref
from {{ ref("int_posts") }} as posts
join {{ ref("int_accounts") }} as accounts on accounts.account_key = posts.account_key
where accounts.external_ref is not null
