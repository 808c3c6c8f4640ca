{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="comment_key",
    on_schema_change="append_new_columns",
    indexes=on_postgres(["comment_key"], ["post_key"]),
    post_hook=["{{ delete_gone(this, ref('int_comments'), ['comment_key'], 'load_id') }}"],
) }}

select
    comment_key,
    provider,
    post_key,
    parent_comment_key,
    author_hash,
    comment_text,
    likes,
    reply_count,
    published_at,
    is_truncated_listing,
    fetched_at,
    load_id
from {{ ref("int_comments") }} as comments
{% if is_incremental() %}
where load_id in ({{ differing(this, ref("int_comments"), "load_id") }})
and not exists (
    select 1 from {{ this }} as kept
    where kept.comment_key = comments.comment_key
        and kept.load_id = comments.load_id
        and kept.post_key = comments.post_key
)
{% endif %}
