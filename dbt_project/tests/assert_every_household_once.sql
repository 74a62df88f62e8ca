-- Every household of the register is in the fact once, and every active one has its row of states (P-04).
with

counts as (

    select
        (select count(*) from {{ ref('stg_register__household') }}) as staged,
        (select count(*) from {{ ref('fct_register_household') }}) as registered,
        (
            select count(*) from {{ ref('fct_register_household') }}
            where is_active
        ) as active,
        (select count(*) from {{ ref('fct_household_month') }}) as judged,
        (select count(*) from {{ ref('int_guarantee_household') }}) as states

)

select *
from counts
where
    staged <> registered
    or active <> judged
    or states <> 7 * judged
