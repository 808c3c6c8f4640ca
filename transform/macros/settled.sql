{# The last day on which the figures of several posts together are settled. A post can be listed a day
   after its publication, so the day that is settled for each of them is followed by one that is not
   settled for all. A post holds back no day before its publication; one that nothing is known of
   holds back all of them. #}
{% macro settled_through_of(posts) -%}
  min({{ settled_together(posts) }})
{%- endmacro %}

{% macro settled_together(post) -%}
  greatest(
    coalesce({{ post }}.settled_through - 1, date '1970-01-01'),
    coalesce({{ post }}.published_on - 1, date '1970-01-01')
  )
{%- endmacro %}
