{# Readable keys, unique over providers and tenants. NULL where the id is. #}
{% macro key(provider, id, tenant="tenant") -%}
  '{{ provider }}:' || {{ tenant }} || ':' || {{ id }}
{%- endmacro %}


{% macro utc_day(moment) -%}
  cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}


{# The end of a UTC day, as a moment. #}
{% macro day_end(day) -%}
  (cast({{ day }} + 1 as timestamp) at time zone 'UTC')
{%- endmacro %}


{# Seconds between two moments, to the same digit on both engines. #}
{% macro seconds_between(earlier, later) -%}
  (cast(extract(epoch from {{ later }}) as double precision)
    - cast(extract(epoch from {{ earlier }}) as double precision))
{%- endmacro %}


{# A ratio of sums. NULL where a part is unknown or nothing was counted. #}
{% macro ratio(part, whole) -%}
  cast({{ part }} as double precision) / nullif(cast({{ whole }} as double precision), 0)
{%- endmacro %}


{# Sums of bigint are wider than bigint on both engines. #}
{% macro total(value) -%}
  cast(sum({{ value }}) as bigint)
{%- endmacro %}


{% macro sha256(text) %}{{ return(adapter.dispatch("sha256", "social")(text)) }}{% endmacro %}

{% macro default__sha256(text) -%}
  sha256({{ text }})
{%- endmacro %}

{% macro postgres__sha256(text) -%}
  encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}
