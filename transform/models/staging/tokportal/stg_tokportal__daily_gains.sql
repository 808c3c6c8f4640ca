-- What the provider itself says was won on a day (mode=gained), where it was asked.
select
    'tokportal' as provider,
    {{ key("tokportal", "account_id") }} as account_key,
    "date" as day,
    views_gained as views_gained_reported,
    likes_gained as likes_gained_reported,
    comments_gained as comments_gained_reported,
    shares_gained as shares_gained_reported,
    cast(null as bigint) as saves_gained_reported,
    followers_gained as followers_gained_reported,
    fetched_at as reported_at
from {{ landed("tokportal", "daily_series") }} as landed
where coalesce(views_gained, likes_gained, comments_gained, shares_gained, followers_gained) is not null
