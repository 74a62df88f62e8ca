-- Every village lies in a township and every township in the county (P-18).
select
    region_code,
    level_code,
    parent_code
from {{ ref('dim_region') }}
where
    (level_code = 'village' and (township_code is null or county_region_code is null))
    or (level_code = 'township' and county_region_code is null)
