{#-
    De-identified. The key is hashed anew with a salt that only the builder reads: the household number cannot be
    hashed again to find it. No region: with one, rows could be counted where `fct_guarantee_region_safe` hides a count.
-#}
{%- set least = 6 -%}
{%- set states = ['food', 'clothing', 'education', 'medical', 'housing', 'water', 'power', 'five', 'seven'] -%}

with

households as (

    select * from {{ ref('fct_household_month') }}

),

heads as (

    select
        household_key,
        min(birth_date) as birth_date
    from {{ ref('fct_register_member') }}
    where relation_code = '02' and is_active
    group by household_key

),

salts as (

    select salt from {{ source('reference', 'analysis_salt') }}

),

banded as (

    select
        households.*,
        encode(sha256(convert_to(salts.salt || households.household_key || salts.salt, 'UTF8')), 'hex') as analysis_key,
        case when households.member_count >= 6 then '6+' else households.member_count::text end as size_band,
        (extract(year from heads.birth_date)::integer / 10 * 10)::text
        || '-' || (extract(year from heads.birth_date)::integer / 10 * 10 + 9)::text as head_birth_band
    from households
    cross join salts
    left join heads on households.household_key = heads.household_key

),

shared as (

    select
        *,
        count(*) over (
            partition by county_code, period, register_class_code, size_band, head_birth_band
        ) >= {{ least }} as is_common
    from banded

),

blanked as (

    select
        *,
        case when is_common then size_band end as shown_size_band,
        case when is_common then head_birth_band end as shown_head_birth_band,
        count(*) over (
            partition by county_code, period, register_class_code, is_common
        ) >= {{ least }} as is_common_class
    from shared

),

final as (

    select
        household_key,
        county_code,
        period,
        analysis_key,
        shown_size_band as size_band,
        shown_head_birth_band as head_birth_band,
        {%- for name in states %}
        {{ name }}_state,
        {%- endfor %}
        case when is_common or is_common_class then register_class_code end as register_class_code
    from blanked

)

select * from final
