{# What a counter did since the previous observation of the same post or account. #}

{% macro counters() %}{{ return(["views", "likes", "comments", "shares", "saves"]) }}{% endmacro %}


{# By which source a day is told: the connected one, then what was measured last. #}
{% macro last_of_the_day(entity) -%}
  row_number() over (
    partition by {{ entity }}, day
    order by preference, observed_at desc, source
  )
{%- endmacro %}


{# In this order: first_seen, source_changed, correction, gap, daily. #}
{% macro delta_kind(counters) -%}
  case
    when previous_day is null then 'first_seen'
    when source <> previous_source then 'source_changed'
    when {% for counter in counters -%}
      {{ counter }}_cum < previous_{{ counter }}{{ " or " if not loop.last }}
    {%- endfor %} then 'correction'
    when day - previous_day > 1 then 'gap'
    else 'daily'
  end
{%- endmacro %}


{# Signed. `all_of_it`: when a first observation is itself the gain. #}
{% macro delta(value, previous, all_of_it) -%}
  case
    when previous_day is null then case when {{ all_of_it }} then {{ value }} end
    when source = previous_source then {{ value }} - {{ previous }}
  end
{%- endmacro %}
