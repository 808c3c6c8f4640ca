{# Indexes for Postgres, the first one unique; DuckDB needs none. #}
{% macro on_postgres() %}
  {%- set indexes = [] -%}
  {%- for columns in varargs if target.type == "postgres" -%}
    {%- do indexes.append({"columns": columns, "unique": loop.first}) -%}
  {%- endfor -%}
  {{ return(indexes) }}
{% endmacro %}
