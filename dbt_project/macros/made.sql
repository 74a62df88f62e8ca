{#-
    After a table was made, in the transaction that made it: the build's ledger notes which table it is, so that a later
    build of the same inputs may keep it (ops.build_table). A build that keeps no ledger, like a deployment's, notes none.
-#}
{% macro note_made() -%}
    select ops.table_was_made({{ var('build_id') }}, '{{ this }}'::regclass)
{%- endmacro %}
