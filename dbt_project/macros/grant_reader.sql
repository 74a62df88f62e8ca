{#-
    `dbt run-operation grant_reader`: what the group role `shared_reader` may read, re-applied after every build of the
    shared views. A security_invoker view needs rights on what lies under it, so the role gets SELECT on the views and
    on exactly those columns of `marts` that the views name, as PostgreSQL itself has recorded them (pg_depend); a
    column that leaves a view loses its grant. The role has no USAGE on `marts`: nobody can name those tables directly.

    Fails loudly if a grant did not take: GRANT by a role without grant option only warns.
-#}
{% macro grant_reader(role='shared_reader') -%}
    {%- set shared = var('schema_prefix') ~ 'shared' -%}
    {%- set marts = var('schema_prefix') ~ 'marts' -%}
    {%- set wanted_query -%}
        select distinct
            base.relname as table_name,
            attribute.attname as column_name
        from pg_class as shared_view
        inner join pg_namespace as shared_schema on shared_view.relnamespace = shared_schema.oid
        inner join pg_rewrite as rule on shared_view.oid = rule.ev_class
        inner join pg_depend as dependency
            on rule.oid = dependency.objid and dependency.classid = 'pg_rewrite'::regclass
        inner join pg_class as base on dependency.refobjid = base.oid
        inner join pg_namespace as base_schema on base.relnamespace = base_schema.oid
        inner join pg_attribute as attribute
            on base.oid = attribute.attrelid and dependency.refobjsubid = attribute.attnum
        where
            shared_schema.nspname = '{{ shared }}'
            and base_schema.nspname = '{{ marts }}'
            and dependency.refobjsubid > 0
    {%- endset -%}
    {%- set held_query -%}
        select table_name, column_name
        from information_schema.column_privileges
        where grantee = '{{ role }}' and table_schema = '{{ marts }}' and privilege_type = 'SELECT'
    {%- endset -%}
    {%- set wanted = [] -%}
    {%- for row in run_query(wanted_query) -%}
        {%- do wanted.append((row[0], row[1])) -%}
    {%- endfor -%}
    {%- if not wanted -%}
        {{ exceptions.raise_compiler_error('no view in [' ~ shared ~ '] reads [' ~ marts ~ ']: build tag:shared first') }}
    {%- endif -%}

    {%- set statements = ['grant usage on schema ' ~ shared ~ ' to ' ~ role] -%}
    {%- for row in run_query(
        "select viewname from pg_views where schemaname = '" ~ shared ~ "'"
    ) -%}
        {%- do statements.append('grant select on ' ~ shared ~ '.' ~ row[0] ~ ' to ' ~ role) -%}
    {%- endfor -%}
    {%- for table_name, pairs in wanted | groupby(0) -%}
        {%- set columns = pairs | map(attribute=1) | sort | join(', ') -%}
        {%- do statements.append(
            'grant select (' ~ columns ~ ') on ' ~ marts ~ '.' ~ table_name ~ ' to ' ~ role
        ) -%}
    {%- endfor -%}
    {%- for row in run_query(held_query) if (row[0], row[1]) not in wanted -%}
        {%- do statements.append(
            'revoke select (' ~ row[1] ~ ') on ' ~ marts ~ '.' ~ row[0] ~ ' from ' ~ role
        ) -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ statements | join('; ') ~ '; commit;') -%}

    {%- set held = [] -%}
    {%- for row in run_query(held_query) -%}
        {%- do held.append((row[0], row[1])) -%}
    {%- endfor -%}
    {%- set missing = [] -%}
    {%- for pair in wanted if pair not in held -%}
        {%- do missing.append(pair | join('.')) -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            '[' ~ target.user ~ '] may not grant SELECT on ' ~ marts ~ ' [' ~ missing[:5] | join(', ')
            ~ ']: grant it SELECT WITH GRANT OPTION, or run this as the owner'
        ) }}
    {%- endif -%}
    {{ log(role ~ ' reads ' ~ wanted | length ~ ' columns through the views of ' ~ shared, info=true) }}
{%- endmacro %}
