with

publications as (

    select * from {{ source('ops', 'publication') }}

),

final as (

    select
        publication_id,
        county_code,
        period,
        build_id
    from publications
    where county_code = '{{ var("county_code") }}' and state = 'live'

)

select * from final
