{#-
    The published table of a mart, for shared views: lineage goes to the model, the rows come from schema `marts`.
-#}
{% macro published(model) -%}
    {%- set built = ref(model) -%}
    {{ api.Relation.create(
        database=built.database, schema=var('schema_prefix') ~ 'marts', identifier=built.identifier
    ) }}
{%- endmacro %}


{#-
    Columns of an earlier publication, as a select. On the first build, or for a column that is new, the table or the
    column is not there yet: then nothing, or NULL, of the type asked for.
    `columns`: mapping of column name to type.
-#}
{% macro select_published(source_relation, columns) -%}
    {%- set found = none -%}
    {%- set known = [] -%}
    {%- if execute -%}
        {%- set found = load_relation(source_relation) -%}
        {%- if found is not none -%}
            {%- set known = adapter.get_columns_in_relation(found) | map(attribute='name') | list -%}
        {%- endif -%}
    {%- endif -%}
    select
        {%- for name, type in columns.items() %}
        {% if name in known -%} {{ name }} {%- else -%} null::{{ type }} as {{ name }} {%- endif %}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    {%- if found is not none %}
    from {{ found }}
    where county_code = '{{ var("county_code") }}'
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}
