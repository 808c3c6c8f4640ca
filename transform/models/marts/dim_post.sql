select
    posts.post_key,
    posts.provider,
    posts.tenant,
    posts.post_id as tracked_post_id,
    posts.platform,
    posts.platform_post_id,
    posts.account_key,
    posts.published_at,
    {{ utc_day("posts.published_at") }} as published_on,
    posts.content_type,
    posts.duration_seconds,
    posts.caption,
    posts.url,
    posts.hashtags,
    posts.music_title,
    posts.is_sponsored,
    posts.external_ref,
    clips.clip_ref,
    posts.genviral_post_id,
    posts.first_seen_at,
    posts.last_seen_at,
    posts.removed_at,
    posts.fetched_at,
    settlement.exact_through,
    settlement.settled_through
from {{ ref("int_posts") }} as posts
left join {{ ref("int_post_settlement") }} as settlement on settlement.post_key = posts.post_key
left join {{ ref("int_post_clips") }} as clips on clips.post_key = posts.post_key
