-- When each target was last measured. Its days and posts do not change before the next refresh.
select {{ key("genviral", "target_id") }} as account_key, last_refreshed_at as refreshed_at
from {{ landed("genviral", "targets") }} as landed
