-- A post's own reference, which names the clip: as ordered in its bundle, else as the post has it.
select
    posts.tenant,
    posts.post_key,
    coalesce(videos.video_ref, posts.external_ref) as clip_ref
from {{ ref("int_posts") }} as posts
left join {{ ref("stg_tokportal__ordered_videos") }} as videos
    on posts.provider = 'tokportal'
    and videos.tenant = posts.tenant and videos.video_id = posts.video_id
where coalesce(videos.video_ref, posts.external_ref) is not null
