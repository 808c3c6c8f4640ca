"""Which reference decides whose a post is: its bundle's, else its account's, else its own."""

from __future__ import annotations

# Takes no values; runs on DuckDB and Postgres. The README shows the same joins to people.
POST_REFERENCES = """
select
    coalesce(b.external_ref, a.external_ref, v.external_ref, p.external_ref) as external_ref,
    c.pattern as stored_pattern,
    count(distinct p.tracked_post_id) as posts
from tokportal.tracked_posts p
left join tokportal.accounts a on a.tenant = p.tenant and a.account_id = p.account_id
left join (
    select tenant, video_id, min(bundle_id) as bundle_id, min(external_ref) as external_ref
    from tokportal.bundle_videos where video_id is not null group by tenant, video_id
) v on v.tenant = p.tenant and v.video_id = p.video_id
left join tokportal.bundles b on b.tenant = v.tenant and b.bundle_id = v.bundle_id
left join tokportal.clients c
    on c.tenant = p.tenant
    and c.external_ref = coalesce(b.external_ref, a.external_ref, v.external_ref, p.external_ref)
group by 1, 2
order by 3 desc, 1"""
"""One row per deciding reference (NULL: posts without any), the pattern that the last sync stored
for it, and its number of posts, removed ones included."""
