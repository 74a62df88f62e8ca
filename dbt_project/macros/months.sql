{#- Arithmetic on months written YYYY-MM. -#}

{#- Running number of a month, so that differences are whole months. NULL stays NULL. -#}
{% macro month_number(month) -%}
    (substr({{ month }}, 1, 4)::integer * 12 + substr({{ month }}, 6, 2)::integer)
{%- endmacro %}


{#- Whole months from `earlier` to `later`. -#}
{% macro months_between(earlier, later) -%}
    ({{ month_number(later) }} - {{ month_number(earlier) }})
{%- endmacro %}


{#- The month that contains a date. -#}
{% macro month_of(day) -%}
    to_char({{ day }}, 'YYYY-MM')
{%- endmacro %}


{% macro first_day(month) -%}
    ({{ month }} || '-01')::date
{%- endmacro %}


{% macro last_day(month) -%}
    (({{ month }} || '-01')::date + interval '1 month' - interval '1 day')::date
{%- endmacro %}


{#- School term of a month: autumn is September to January, spring February to August (July and August repeat it). -#}
{% macro term_code(month) -%}
    case
        when substr({{ month }}, 6, 2) >= '09'
            then substr({{ month }}, 1, 4) || '-' || (substr({{ month }}, 1, 4)::integer + 1)::text || '-1'
        else
            (substr({{ month }}, 1, 4)::integer - 1)::text || '-' || substr({{ month }}, 1, 4)
            || case when substr({{ month }}, 6, 2) = '01' then '-1' else '-2' end
    end
{%- endmacro %}


{#- Full years of a person born on `birth` at `day`. -#}
{% macro age_at(birth, day) -%}
    extract(year from age({{ day }}, {{ birth }}))::integer
{%- endmacro %}


{#- The month `count` months after a month given as text at compile time; literal, so that partitions can be pruned. -#}
{% macro shift_month(month, count) -%}
    {%- set index = month[:4] | int * 12 + month[5:7] | int - 1 + count -%}
    {{ '%04d-%02d' | format(index // 12, index % 12 + 1) }}
{%- endmacro %}


{#- First month of the term that a month belongs to, as YYYY-MM. -#}
{% macro term_start(month) -%}
    case
        when substr({{ month }}, 6, 2) >= '09' then substr({{ month }}, 1, 4) || '-09'
        when substr({{ month }}, 6, 2) = '01' then (substr({{ month }}, 1, 4)::integer - 1)::text || '-09'
        else substr({{ month }}, 1, 4) || '-03'
    end
{%- endmacro %}
