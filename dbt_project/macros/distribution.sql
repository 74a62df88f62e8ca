{#-
    The one place that knows how a table is spread over servers. A model only declares intent in its meta:
    `distributed_by: household_key`, `replicated: true`, or `local: true` (identity only: rows that have no key yet).
    On plain PostgreSQL there is nothing to do; `dbt run-operation check_distribution` proves that every table says it.
-#}
{% macro check_distribution() -%}
    {%- set silent = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'marts' in node.tags
        and node.config.materialized in ('table', 'incremental') -%}
        {%- set intent = node.config.meta -%}
        {%- if not (intent.get('distributed_by') == 'household_key' or intent.get('replicated') or intent.get('local')) -%}
            {%- do silent.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if silent -%}
        {{ exceptions.raise_compiler_error(
            'meta of [' ~ silent | sort | join(', ') ~ '] declares neither distributed_by: household_key, '
            ~ 'replicated: true nor local: true'
        ) }}
    {%- endif -%}
    {{ log('distribution declared by every table', info=true) }}
{%- endmacro %}
