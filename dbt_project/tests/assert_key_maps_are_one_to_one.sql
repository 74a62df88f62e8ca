-- A number has one key for ever; two numbers never share one (the primary key sees to the second).
select
    issuing_authority,
    household_no as number_known,
    count(*) as key_count
from {{ ref('household_key_map') }}
group by issuing_authority, household_no
having count(*) > 1
union all
select
    issuing_authority,
    id_number_hash as number_known,
    count(*) as key_count
from {{ ref('person_key_map') }}
group by issuing_authority, id_number_hash
having count(*) > 1
