-- Which client and campaign a reference names, by the rules of .dlt/clients.toml.
select
    tenant,
    external_ref,
    client as client_ref,
    campaign,
    pattern as rule
from {{ landed("tokportal", "clients") }} as landed
