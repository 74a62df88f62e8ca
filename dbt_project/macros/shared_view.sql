{#-
    Materialization of the views people read. Differs from dbt's own view: the view is replaced in place inside one
    transaction, so a reader never finds it missing and its grants survive; and it is made with `security_invoker`, so
    that it shows a reader only what the grants of that reader allow (owner's rights also fail on a distributed engine).
    The two staging views that name the build are replaced in place, too, with `security_invoker=false` like every view of
    staging: what is made of them stays when a month is closed again.
-#}
{% materialization shared_view, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}

    {#- `create or replace view` may only add columns at the end; any other change needs a new view. -#}
    {%- if existing is not none -%}
        {%- set before = adapter.get_columns_in_relation(existing) | map(attribute='name') | list -%}
        {%- set after = get_column_schema_from_query(sql) | map(attribute='name') | list -%}
        {%- if existing.type != 'view' or after[:before | length] != before -%}
            {%- do adapter.drop_relation(existing) -%}
        {%- endif -%}
    {%- endif -%}

    {% call statement('main') -%}
        create or replace view {{ target_relation }} with (security_invoker = {{ config.get('security_invoker', true) }}) as
        {{ sql }}
    {%- endcall %}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
