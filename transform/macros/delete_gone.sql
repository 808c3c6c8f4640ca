{# Rows that the source has no more: a post's id changed, or rows were deleted there. #}
{% macro delete_gone(table, source_rows, key) %}
  {%- if is_incremental() -%}
    delete from {{ table }} as gone where not exists (
      select 1 from {{ source_rows }} as held
      where {% for column in key -%}
        held.{{ column }} = gone.{{ column }}{{ " and " if not loop.last }}
      {%- endfor %}
    )
  {%- endif -%}
{% endmacro %}
