{# What a counter did since the previous observation of the same post or account. #}

{% macro counters() %}{{ return(["views", "likes", "comments", "shares", "saves"]) }}{% endmacro %}


{# Which measurement stands for a day: the connected source, then the latest. #}
{% macro last_of_the_day(entity) -%}
  row_number() over (
    partition by {{ entity }}, day
    order by preference, observed_at desc, source
  )
{%- endmacro %}


{# A running total at the end of the day, between the observation before and the one after it.
   `share`: the part of the gain between them that belongs before the day's end. A total that fell is
   not split: the fall belongs to the day on which it was seen. #}
{% macro split_at_day_end(counter, share, falls=false) -%}
  {{ counter }}_cum + case
    when {{ "true" if falls else "next_" ~ counter ~ " >= " ~ counter ~ "_cum" }}
      then coalesce(cast(floor((next_{{ counter }} - {{ counter }}_cum) * {{ share }} + 0.5) as bigint), 0)
    else 0
  end
{%- endmacro %}


{# In this order: first_seen, source_changed, correction, gap, daily. #}
{% macro delta_kind(counters) -%}
  case
    when previous_day is null then 'first_seen'
    when source is distinct from previous_source then 'source_changed'
    when {% for counter in counters -%}
      {{ counter }}_end < previous_{{ counter }}{{ " or " if not loop.last }}
    {%- endfor %} then 'correction'
    when day - previous_day > 1 then 'gap'
    else 'daily'
  end
{%- endmacro %}


{# Signed. `all_of_it`: when a first observation is itself the gain. #}
{% macro delta(counter, all_of_it) -%}
  case
    when previous_day is null then case when {{ all_of_it }} then {{ counter }}_end end
    when source = previous_source then {{ counter }}_end - previous_{{ counter }}
  end
{%- endmacro %}


{# The part of the gain between two captures that belongs before the day's end. #}
{% macro share_before_day_end(counter) -%}
  coalesce(
    case
      when series_{{ counter }} >= {{ counter }}_pace and series_{{ counter }} <= next_{{ counter }}_pace
        then (cast(series_{{ counter }} as double precision) - {{ counter }}_pace)
          / nullif(next_{{ counter }}_pace - {{ counter }}_pace, 0)
    end,
    share_by_time
  )
{%- endmacro %}
