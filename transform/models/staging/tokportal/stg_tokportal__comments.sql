select
    'tokportal' as provider,
    {{ key("tokportal", "comment_id") }} as comment_key,
    {{ key("tokportal", "tracked_post_id") }} as post_key,
    {{ key("tokportal", "parent_comment_id") }} as parent_comment_key,
    {{ author_hash("tokportal", "author_username") }} as author_hash,
    text as comment_text,
    likes,
    reply_count,
    published_at,
    listing_truncated as is_truncated_listing,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokportal", "comments") }} as landed
