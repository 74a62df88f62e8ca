-- On any day one unit leads a task (RF-03): none and two are both wrong.
with

responsibilities as (

    select * from {{ ref('dim_responsibility') }}

)

select
    named.task_code,
    named.valid_from,
    count(lead_units.unit_name) as lead_count
from responsibilities as named
left join responsibilities as lead_units
    on
        named.task_code = lead_units.task_code
        and lead_units.is_lead
        and named.valid_from between lead_units.valid_from and coalesce(lead_units.valid_to, 'infinity'::date)
group by named.task_code, named.unit_name, named.valid_from
having count(lead_units.unit_name) <> 1
