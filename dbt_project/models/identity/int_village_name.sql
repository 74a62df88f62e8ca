{{ config(meta={'replicated': true}) }}

with

villages as (

    select * from {{ ref('int_region') }}
    where level_code = 'village'

),

-- A village is named within its township, and only where one village alone has the name.
final as (

    select
        {{ region_stem('township_name') }} as township_stem,
        {{ region_stem('village_name') }} as village_stem,
        min(village_code) as village_code
    from villages
    group by 1, 2
    having count(*) = 1

)

select * from final
