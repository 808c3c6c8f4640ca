-- How far the raw snapshots of each post were asked. `unseen_since`: an observation that was listed
-- and is not asked yet; `held_until`: the listing before it.
select
    {{ key("tokportal", "tracked_post_id") }} as post_key,
    {{ key("tokportal", "account_id") }} as account_key,
    observed_at as asked_through,
    unseen_since,
    greatest(observed_at, coalesce(held_until, observed_at)) as held_until
from {{ landed("tokportal", "post_marks") }} as landed
