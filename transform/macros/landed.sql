{# A provider's table; without rows, in its declared columns, where it was never synced. #}
{% macro landed(provider, table) %}
  {%- set relation = source(provider, table) -%}
  {%- if not execute or load_relation(relation) is not none -%}
    {{ relation }}
  {%- else -%}
    {%- set declared = graph.sources["source.social." ~ provider ~ "." ~ table] -%}
    (select {% for column in declared.columns.values() -%}
      cast(null as {{ column.data_type }}) as {{ adapter.quote(column.name) }}{{ ", " if not loop.last }}
    {%- endfor %} where false)
  {%- endif -%}
{% endmacro %}


{# The rows of several models of one shape. #}
{% macro union_of(models) %}
  {%- for model in models %}
select * from {{ ref(model) }}
    {{- "\nunion all" if not loop.last }}
  {%- endfor %}
{% endmacro %}
