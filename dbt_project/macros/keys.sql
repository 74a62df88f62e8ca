{#-
    Surrogate keys. Deterministic at first sight, then kept for ever in the key maps: a number issued by an authority
    gives the same key on every server and in every order of loading. 63 bits of md5, so never negative.
    Never call it on a NULL number: NULL gives NULL, which the NOT NULL of the key maps refuses.
-#}
{% macro deterministic_bigint(authority, number) -%}
    (('x' || substr(md5({{ authority }} || chr(31) || {{ number }}), 1, 16))::bit(64)::bigint & 9223372036854775807)
{%- endmacro %}


{#- school_key of a name within the county: no feed gives every school a number. -#}
{% macro school_key(school_name) -%}
    {{ deterministic_bigint("'" ~ var('county_code') ~ "/school'", school_name) }}
{%- endmacro %}


{#- household_key of a household number: the authority that issued it is the register office of the county. -#}
{% macro household_key(county_code='county_code', household_no='household_no') -%}
    {{ deterministic_bigint(county_code, household_no) }}
{%- endmacro %}


{#-
    The keys of a key map that this build adds: those of `seen` whose number is not in the map yet. The number decides, not
    its hash: two numbers with one hash would otherwise pass as one family. Such a collision ends the build in words;
    PostgreSQL has no way of its own to refuse a row from a query, so the words are cast to a number.

    seen    CTE with this month's numbers, one row each
    key     its surrogate key
    number  column with the number; the authority is `issuing_authority`

    CTE `final`.
-#}
{% macro new_keys(seen, key, number) -%}
{%- set columns = ['issuing_authority', number, 'first_period', 'first_submission_id'] -%}
unknown as (

    select {{ seen }}.*
    from {{ seen }}
    {% if is_incremental() %}
    left join {{ this }} as known
        on {{ seen }}.issuing_authority = known.issuing_authority and {{ seen }}.{{ number }} = known.{{ number }}
    where known.{{ key }} is null
    {% endif %}

),

counted as (

    select
        unknown.*,
        count(*) over (partition by unknown.{{ key }})
        {%- if is_incremental() %} + case when taken.{{ key }} is null then 0 else 1 end {%- endif %} as number_count
    from unknown
    {% if is_incremental() %}
    left join {{ this }} as taken on unknown.{{ key }} = taken.{{ key }}
    {% endif %}

),

final as (

    select
        case
            when number_count = 1 then {{ key }}
            else (
                '{{ key }} ' || {{ key }}::text || ' stands for two numbers, one of them of ' || issuing_authority
                || ' first sent in submission ' || first_submission_id
                || ': two of different name have one hash; nothing was joined, ask whoever maintains Hearth'
            )::bigint
        end as {{ key }},
        {{ columns | join(',\n        ') }}
    from counted

)
{%- endmacro %}
