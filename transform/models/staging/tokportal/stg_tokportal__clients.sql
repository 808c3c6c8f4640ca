-- Whose a reference is. Without a rule of .dlt/clients.toml it is a campaign of its own.
select
    tenant,
    external_ref,
    client as client_ref,
    coalesce(campaign, external_ref) as campaign,
    pattern as rule
from {{ landed("tokportal", "clients") }} as landed
