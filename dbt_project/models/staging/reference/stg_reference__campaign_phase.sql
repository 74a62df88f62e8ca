with

campaign_phases as (

    select * from {{ source('reference', 'campaign_phase') }}

),

final as (

    select
        phase_code,
        region_code,
        name,
        valid_from,
        valid_to,
        clause
    from campaign_phases

)

select * from final
