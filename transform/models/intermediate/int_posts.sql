{% set columns = [
    "provider", "tenant", "post_key", "post_id", "platform", "platform_post_id", "published_at",
    "content_type", "duration_seconds", "caption", "url", "hashtags", "music_title", "is_sponsored",
    "external_ref", "genviral_post_id", "video_id", "first_seen_at", "last_seen_at", "removed_at",
    "fetched_at", "observed_at", "source", "views", "likes", "comments", "shares", "saves",
    "impressions",
] %}
select
    {% for column in columns -%} posts.{{ column }}, {% endfor %}
    coalesce(owners.owner_key, posts.account_key) as account_key
from (
{{ owned_rows(post_models(), "post_key") }}
) as posts
left join {{ ref("int_account_owners") }} as owners on owners.account_key = posts.account_key
