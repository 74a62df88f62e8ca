{#-
    The one place that knows how a table is spread over servers. A model only declares intent in its meta:
    `distributed_by: household_key`, `replicated: true`, or `local: true` (identity only: rows that have no key yet).
    The target says which engine it is: `citus` carries the intent out, everything else has nothing to do.
-#}

{#- After a table was made: its intent, once. An incremental table keeps what it was given. -#}
{% macro distribute() -%}
    {%- set intent = model.config.get('meta', {}) -%}
    {%- if target.name == 'citus' -%}
        {%- if intent.get('distributed_by') -%}
            select create_distributed_table('{{ this }}', '{{ intent.distributed_by }}')
            where not exists (select from pg_dist_partition where logicalrelid = '{{ this }}'::regclass)
        {%- elif intent.get('replicated') -%}
            select create_reference_table('{{ this }}')
            where not exists (select from pg_dist_partition where logicalrelid = '{{ this }}'::regclass)
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- Before a build: the engine that the target names is the one that answers. A mismatch stops the run. -#}
{% macro check_engine() -%}
    {%- if execute -%}
        {%- set found = run_query("select count(*) from pg_proc where proname = 'create_distributed_table'") -%}
        {%- set is_distributed = found.rows[0][0] > 0 -%}
        {%- if is_distributed != (target.name == 'citus') -%}
            {{ exceptions.raise_compiler_error(
                'target [' ~ target.name ~ '] and server do not fit: the server '
                ~ ('distributes tables; use the target citus' if is_distributed
                   else 'cannot distribute tables; use another target or install the extension')
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
