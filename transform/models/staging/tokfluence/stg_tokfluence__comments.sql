select
    'tokfluence' as provider,
    {{ key("tokfluence", "comment_id") }} as comment_key,
    {{ key("tokfluence", "post_id") }} as post_key,
    {{ key("tokfluence", "parent_comment_id") }} as parent_comment_key,
    {{ author_hash("tokfluence", "author_username") }} as author_hash,
    text as comment_text,
    likes,
    reply_count,
    published_at,
    false as is_truncated_listing,
    fetched_at,
    _dlt_load_id as load_id
from {{ landed("tokfluence", "comments") }} as landed
