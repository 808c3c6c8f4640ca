{# `social transform` builds in schema transform and keeps the marts in schema marts. In any other
   target schema the marts are in <schema>_marts, so that nobody overwrites another's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if not custom_schema_name -%} {{ target.schema }}
  {%- elif target.schema == "transform" -%} {{ custom_schema_name }}
  {%- else -%} {{ target.schema }}_{{ custom_schema_name }}
  {%- endif -%}
{%- endmacro %}
