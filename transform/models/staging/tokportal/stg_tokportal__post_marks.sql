-- How far the raw snapshots of each post were asked. `unseen_since`: an observation that was listed
-- and is not asked yet.
select
    {{ key("tokportal", "tracked_post_id") }} as post_key,
    {{ key("tokportal", "account_id") }} as account_key,
    observed_at as asked_through,
    unseen_since
from {{ landed("tokportal", "post_marks") }} as landed
