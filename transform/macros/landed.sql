{# A provider's table; without rows, in its declared columns, where it was never synced. Columns that
   an older version did not have are empty until the next sync adds them (`missing_columns`). #}
{% macro landed(provider, table) %}
  {%- set relation = source(provider, table) -%}
  {%- set missing = var("missing_columns", {}).get(provider ~ "." ~ table, []) -%}
  {%- set declared = graph.sources["source.social." ~ provider ~ "." ~ table] if execute -%}
  {%- if execute and missing -%}
    (select landed_rows.*{% for name in missing -%}
      , cast(null as {{ declared.columns[name].data_type }}) as {{ adapter.quote(name) }}
    {%- endfor %} from {{ relation }} as landed_rows)
  {%- elif not execute or is_landed(relation, provider ~ "." ~ table) -%}
    {{ relation }}
  {%- else -%}
    (select {% for column in declared.columns.values() -%}
      cast(null as {{ column.data_type }}) as {{ adapter.quote(column.name) }}{{ ", " if not loop.last }}
    {%- endfor %} where false)
  {%- endif -%}
{% endmacro %}


{# Whether a table exists. `social transform` lists the tables before dbt starts. Without the list
   (dbt run by hand) the database is asked. `load_relation` is not used: its cache is filled row by
   row, and a model that another thread compiles meanwhile would find tables missing. #}
{% macro is_landed(relation, name) %}
  {%- set tables = var("landed_tables", none) -%}
  {%- if tables is not none -%}
    {{ return(name in tables) }}
  {%- endif -%}
  {%- set found = run_query(
      "select 1 from information_schema.tables where table_schema = '" ~ relation.schema
      ~ "' and table_name = '" ~ relation.identifier ~ "'"
  ) -%}
  {{ return(found.rows | length > 0) }}
{% endmacro %}


{# The rows of a ledger that count: those of a load that completed. A row without a load was written in
   a transaction of its own. #}
{% macro landed_ledger(provider, table) %}
  {%- set relation = source(provider, table) -%}
  (select * from {{ landed(provider, table) }} as written
  {%- if not execute or is_landed(relation, provider ~ "." ~ table) %}
  where written._dlt_load_id is null or exists (
    select 1 from {{ relation.include(identifier=false) }}._dlt_loads as loads
    where loads.load_id = written._dlt_load_id and loads.status = 0
  )
  {%- endif %})
{% endmacro %}


{# The rows of several models of one shape. #}
{% macro union_of(models) %}
  {%- for model in models %}
select * from {{ ref(model) }}
    {{- "\nunion all" if not loop.last }}
  {%- endfor %}
{% endmacro %}
