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
