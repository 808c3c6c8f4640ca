-- When each account's streams were last complete, on the provider's clock.
{%- for provider in ["tokportal", "genviral", "tokfluence"] %}
select
    '{{ provider }}' as provider,
    tenant,
    account_id,
    {{ key(provider, "account_id") }} as account_key,
    stream,
    status,
    last_success_at as read_at
from {{ landed(provider, "sync_account_status") }} as landed
{{- "\nunion all" if not loop.last }}
{%- endfor %}
