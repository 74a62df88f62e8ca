{#- Rules whose subject is a transformer, over the columns of int_xd_transformer. -#}
{% macro transformer_rules() -%}
{{ return([
    {
        'id': 'R-PWR-04', 'needs': ['has_transformer'], 'scope': 'mention_at is not null', 'holds': 'is_known',
        'a': "split_part(mention_at, ':', 1)", 'b': "'no such transformer'", 'at_a': 'mention_at', 'at_b': 'null',
    },
    {
        'id': 'R-PWR-06', 'needs': ['has_transformer'], 'scope': 'is_known and affected_count is not null',
        'holds': 'affected_count <= household_count',
        'a': 'affected_count', 'b': 'household_count', 'at_a': 'affected_at', 'at_b': 'transformer_at',
    },
]) }}
{%- endmacro %}
