{# The staging models of every provider's accounts and posts. #}
{% macro account_models() -%}
  {{ return(["stg_tokportal__accounts", "stg_genviral__targets", "stg_tokfluence__creators"]) }}
{%- endmacro %}

{% macro post_models() -%}
  {{ return(["stg_tokportal__posts", "stg_genviral__posts", "stg_tokfluence__posts"]) }}
{%- endmacro %}


{# The rows of several models of one shape, without accounts or posts of which another key's rows
   are taken (int_account_owners, int_post_owners). `key`: account_key or post_key. #}
{% macro owned_rows(models, key) -%}
select every_row.*
from ({{ union_of(models) }}
) as every_row
where not exists (
    select 1 from {{ ref("int_" ~ key.removesuffix("_key") ~ "_owners") }} as owners
    where owners.{{ key }} = every_row.{{ key }}
)
{%- endmacro %}
