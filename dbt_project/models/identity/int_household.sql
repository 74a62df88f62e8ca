{{ config(meta={'distributed_by': 'household_key'}) }}

with

households as (

    select * from {{ ref('stg_register__household') }}

),

keys as (

    select * from {{ ref('household_key_map') }}

),

villages as (

    select * from {{ ref('int_region') }}
    where level_code = 'village'

),

village_names as (

    select * from {{ ref('int_village_name') }}

),

placed as (

    select
        keys.household_key,
        households.*,
        coalesce(villages.village_code, village_names.village_code) as village_code
    from households
    inner join keys on households.county_code = keys.issuing_authority and households.household_no = keys.household_no
    left join villages on households.region_code = villages.village_code
    left join village_names
        on
            {{ region_stem('households.township_name') }} = village_names.township_stem
            and {{ region_stem('households.village_name') }} = village_names.village_stem

),

final as (

    select
        placed.household_key,
        placed.county_code,
        placed.period,
        placed.household_no,
        placed.village_code,
        villages.township_code,
        placed.submission_id,
        placed.source_sheet,
        placed.source_row
    from placed
    left join villages on placed.village_code = villages.village_code

)

select * from final
