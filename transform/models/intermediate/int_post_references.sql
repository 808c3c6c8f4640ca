-- The reference that decides whose a post is: its bundle's, else its account's, else its own.
with every_reference as (
    select posts.tenant, posts.post_key, 'bundle' as match_method, 1 as distance,
        videos.bundle_ref as external_ref
    from {{ ref("int_posts") }} as posts
    join {{ ref("stg_tokportal__ordered_videos") }} as videos
        on videos.tenant = posts.tenant and videos.video_id = posts.video_id
    where posts.provider = 'tokportal'
    union all
    select posts.tenant, posts.post_key, 'account', 2, accounts.external_ref
    from {{ ref("int_posts") }} as posts
    join {{ ref("int_accounts") }} as accounts on accounts.account_key = posts.account_key
    union all
    select tenant, post_key, 'external_ref', 3, clip_ref
    from {{ ref("int_post_clips") }}
),

ranked as (
    select
        every_reference.*,
        row_number() over (partition by post_key order by distance) as place
    from every_reference
    where external_ref is not null
)

select tenant, post_key, match_method, external_ref
from ranked
where place = 1
