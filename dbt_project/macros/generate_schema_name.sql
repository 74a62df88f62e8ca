{#- The custom schema as written: `candidate` is `candidate`, not `<target>_candidate`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema_prefix') }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
