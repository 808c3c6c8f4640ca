-- What the provider itself says was won on a day.
select
    'genviral' as provider,
    {{ key("genviral", "target_id") }} as account_key,
    "date" as day,
    views_gained as views_gained_reported,
    likes_gained as likes_gained_reported,
    comments_gained as comments_gained_reported,
    shares_gained as shares_gained_reported,
    saves_gained as saves_gained_reported,
    cast(null as bigint) as followers_gained_reported,
    fetched_at as reported_at
from {{ landed("genviral", "daily_series") }} as landed
