-- When each point of the daily series was read first, and when each of its figures last changed.
select
    {{ key("tokportal", "account_id") }} as account_key,
    "date" as day,
    first_read_at,
    views_changed_at,
    likes_changed_at,
    comments_changed_at,
    shares_changed_at,
    cast(null as timestamptz) as saves_changed_at,
    followers_changed_at,
    fetched_at
from {{ landed("tokportal", "daily_series") }} as landed
