{# The last day on which the figures of several posts together are settled. A post holds back no day
   before its publication; one that nothing is known of holds back all of them. #}
{% macro settled_through_of(posts) -%}
  min(greatest(
    coalesce({{ posts }}.settled_through, date '1970-01-01'),
    coalesce({{ posts }}.published_on - 1, date '1970-01-01')
  ))
{%- endmacro %}
