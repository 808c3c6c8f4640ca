-- A campaign that several keys see counts once: for the first key by name.
select *
from (
    select
        tenant,
        {{ key("tokfluence", "campaign_id") }} as campaign_key,
        campaign_id,
        name,
        currency,
        {{ utc_day("created_at") }} as starts_on,
        row_number() over (partition by campaign_id order by tenant) as place
    from {{ landed("tokfluence", "campaigns") }} as landed
) as campaigns
where place = 1
