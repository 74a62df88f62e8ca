{#- Dated data of a place: whether a row is about the county or what it lies in, '' being the whole country. -#}
{% macro covers_county(region_code) -%}
    {{ region_code }} in (
        '',
        rpad(left('{{ var("county_code") }}', 2), 12, '0'),
        rpad(left('{{ var("county_code") }}', 4), 12, '0'),
        rpad('{{ var("county_code") }}', 12, '0')
    )
{%- endmacro %}


{#- The higher, the nearer: a county beats its prefecture, a place the whole country. -#}
{% macro nearness(region_code) -%}
    length(rtrim({{ region_code }}, '0'))
{%- endmacro %}
