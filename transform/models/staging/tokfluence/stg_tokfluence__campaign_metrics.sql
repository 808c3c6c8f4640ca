-- The last reading of each day. Money in the campaign's currency.
select *
from (
    select
        {{ key("tokfluence", "campaign_id") }} as campaign_key,
        {{ utc_day("captured_at") }} as day,
        coalesce(cast(spend_cents as double precision) / 100, spend) as spend_cum_reported,
        row_number() over (
            partition by tenant, campaign_id, {{ utc_day("captured_at") }}
            order by captured_at desc
        ) as place
    from {{ landed("tokfluence", "campaign_metrics") }} as landed
) as readings
where place = 1
