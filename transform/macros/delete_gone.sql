{# The parts (loads, posts) of which a mart and its source do not hold as many rows: a cheap look at
   both, so that keys are compared in these parts alone. `counted`: the rows of the source that the
   mart's rows stand for. #}
{% macro differing(table, source_rows, part, counted="count(*)") -%}
  select coalesce(ours.part, theirs.part) as part
  from (select {{ part }} as part, {{ counted }} as held from {{ table }} group by {{ part }}) as ours
  full join (
    select {{ part }} as part, count(*) as held from {{ source_rows }} group by {{ part }}
  ) as theirs on theirs.part = ours.part
  where ours.held is distinct from theirs.held
{%- endmacro %}


{# Rows that the source has no more: a post's id changed, or rows were deleted there. #}
{% macro delete_gone(table, source_rows, key, part, counted="count(*)") %}
  {%- if is_incremental() -%}
    delete from {{ table }} as gone
    where {{ part }} in ({{ differing(table, source_rows, part, counted) }})
      and not exists (
        select 1 from {{ source_rows }} as held
        where {% for column in key -%}
          held.{{ column }} = gone.{{ column }}{{ " and " if not loop.last }}
        {%- endfor %}
      )
  {%- endif -%}
{% endmacro %}


{# For a small table that is written as a whole and that views read. Postgres would drop the views with
   a table that is replaced. #}
{% macro emptied(table) %}
  {%- if is_incremental() -%}
    delete from {{ table }}
  {%- endif -%}
{% endmacro %}
