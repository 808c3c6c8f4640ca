-- Up to when every capture of a post is held (`exact_until`; NULL: never known), and the last day
-- whose figures will not change any more.
with raw_streams as (
    select account_key, status
    from {{ ref("int_stream_readings") }}
    where stream = 'post_raw_snapshots'
),

-- Accounts of the first generation have no raw snapshots and therefore no marks.
marked_accounts as (
    select distinct account_key from {{ ref("stg_tokportal__post_marks") }}
),

tokportal as (
    select
        posts.post_key,
        posts.observed_at,
        accounts.settled_through as account_settled_through,
        accounts.is_removed as is_account_removed,
        accounts.listed_until,
        marks.asked_through,
        marks.held_until,
        marks.unseen_since is not null
            or coalesce(posts.observed_at > marks.asked_through, false) as has_unseen,
        raw_streams.status is null and marked_accounts.account_key is null as is_without_ledger,
        coalesce(raw_streams.status, 'ok') <> 'skipped' and marked_accounts.account_key is not null
            as is_raw_read
    from {{ ref("stg_tokportal__posts") }} as posts
    left join {{ ref("int_account_settlement") }} as accounts
        on accounts.account_key = posts.account_key
    left join {{ ref("stg_tokportal__post_marks") }} as marks on marks.post_key = posts.post_key
    left join raw_streams on raw_streams.account_key = posts.account_key
    left join marked_accounts on marked_accounts.account_key = posts.account_key
),

tokportal_held as (
    select
        tokportal.*,
        is_raw_read or is_without_ledger as knows_every_capture,
        case
            when is_without_ledger then listed_until
            when asked_through is null then null
            when is_raw_read and not has_unseen then listed_until
            else held_until
        end as exact_until
    from tokportal
),

genviral_reads as (
    select account_key, read_at
    from {{ ref("int_stream_readings") }}
    where provider = 'genviral' and stream = 'posts'
),

-- A later reading of a post that was not read since its target's refresh brings figures of that
-- refresh or of a newer one.
genviral as (
    select
        posts.post_key,
        accounts.is_removed as is_account_removed,
        accounts.settled_through as account_settled_through,
        case
            when posts.observed_at < refreshes.refreshed_at then refreshes.refreshed_at
            else coalesce(reads.read_at, posts.fetched_at)
        end as observed_until
    from {{ ref("stg_genviral__posts") }} as posts
    left join {{ ref("stg_genviral__refreshes") }} as refreshes
        on refreshes.account_key = posts.account_key
    left join genviral_reads as reads on reads.account_key = posts.account_key
    left join {{ ref("int_account_settlement") }} as accounts
        on accounts.account_key = posts.account_key
),

-- Tokfluence's figures count from the reading, so the past of a post does not change.
tokfluence_reads as (
    select tenant, max(read_at) as read_at
    from {{ ref("int_stream_readings") }}
    where provider = 'tokfluence' and stream = 'posts'
    group by tenant
),

tokfluence as (
    select posts.post_key, reads.read_at as observed_until
    from {{ ref("stg_tokfluence__posts") }} as posts
    left join tokfluence_reads as reads on reads.tenant = posts.tenant
)

select
    post_key,
    {{ utc_day("exact_until") }} - 1 as exact_through,
    case
        when is_account_removed then account_settled_through
        when knows_every_capture then {{ utc_day("exact_until") }} - 1
        else {{ utc_day("listed_until") }} - 2
    end as settled_through
from tokportal_held
union all
select
    post_key,
    cast(null as date),
    case
        when is_account_removed then account_settled_through
        else {{ utc_day("observed_until") }} - 2
    end
from genviral
union all
select post_key, cast(null as date), {{ utc_day("observed_until") }} - 2 from tokfluence
