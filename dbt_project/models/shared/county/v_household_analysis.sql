with

final as (

    select
        county_code,
        period,
        analysis_key,
        size_band,
        head_birth_band,
        register_class_code,
        food_state,
        clothing_state,
        education_state,
        medical_state,
        housing_state,
        water_state,
        power_state,
        five_state,
        seven_state
    from {{ published('fct_household_analysis') }}

)

select * from final
