-- When each day's gains were read first, and when each of them last changed.
select
    {{ key("genviral", "target_id") }} as account_key,
    "date" as day,
    first_read_at,
    views_gained_changed_at as views_changed_at,
    likes_gained_changed_at as likes_changed_at,
    comments_gained_changed_at as comments_changed_at,
    shares_gained_changed_at as shares_changed_at,
    saves_gained_changed_at as saves_changed_at,
    cast(null as timestamptz) as followers_changed_at,
    fetched_at
from {{ landed("genviral", "daily_series") }} as landed
