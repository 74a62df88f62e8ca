{#-
    What happened to persons from one month to the next, read off what the register listed of them month by month. CTEs up
    to `events`; a CTE `memberships` with versions (dim_membership) must stand before: all of them, or all of the persons
    and households concerned, with `first_period`, the county's first month, in each row.

    Said by a code of the row, in the month in which the row begins to say it:
    birth, marriage_in, move_in, registered        11, 12, 13, 14 of a member
    death, marriage_out, move_out, transfer        21, 22, 23, 24 of who left
    Seen by comparison:
    transfer     out of one household and into another of the same register; household_key is the one left
    head_change  another person is head; household_key keeps its key, person_key is the new head
    disputed     two households list the person as theirs: in neither until the register decides

    A person who is merely not listed any more has no event: the row may have been refused. In the county's first month
    only that counts of which the row says that it happened in that month.
-#}
{% macro member_events() -%}
stepped as (

    select
        person_key,
        household_key,
        county_code,
        first_period,
        valid_from as period,
        membership_code,
        relation_code,
        change_code,
        change_month,
        lag(valid_to) over history = {{ month_before('valid_from') }} as follows_directly,
        lag(membership_code) over history as membership_before,
        lag(relation_code) over history as relation_before,
        lag(change_code) over history as change_before,
        lag(change_month) over history as change_month_before
    from memberships
    window history as (partition by household_key, person_key, county_code order by valid_from)

),

-- What a row says for months on happened once.
said as (

    select *
    from stepped
    where
        change_code is not null
        and (period > first_period or change_month = period)
        and coalesce(
            change_before <> change_code
            or (not follows_directly and change_month_before is distinct from change_month),
            true
        )

),

-- Each stretch as a member, beside the household in which the person was a member before: no two overlap.
lived as (

    select
        person_key,
        household_key,
        county_code,
        valid_from as period,
        relation_code,
        change_code,
        change_month,
        lag(household_key) over life as home_before
    from memberships
    where membership_code = 'member'
    window life as (partition by person_key, county_code order by valid_from)

),

departed as (

    select * from said
    where membership_code = 'left'

),

transferred as (

    select
        lived.person_key,
        coalesce(departed.household_key, lived.home_before) as household_key,
        lived.county_code,
        lived.period,
        lived.household_key as other_household_key,
        coalesce(departed.change_month, lived.change_month) as stated_month,
        departed.relation_before,
        lived.relation_code as relation_after
    from lived
    left join departed
        on
            lived.person_key = departed.person_key
            and lived.county_code = departed.county_code
            and lived.period = departed.period
            and lived.household_key <> departed.household_key
            and departed.change_code in ('23', '24')
    where
        coalesce(lived.change_code, '13') in ('13', '14')
        and coalesce(departed.household_key, lived.home_before) <> lived.household_key

),

heads as (

    select
        person_key,
        household_key,
        county_code,
        first_period,
        valid_from as period,
        lag(person_key) over house as head_before
    from memberships
    where membership_code = 'member' and relation_code = '02'
    window house as (partition by household_key, county_code order by valid_from, person_key)

),

events as (

    select
        household_key,
        county_code,
        period,
        person_key,
        'transfer' as event_code,
        other_household_key,
        null::bigint as other_person_key,
        stated_month,
        relation_before,
        relation_after
    from transferred
    union all
    select
        said.household_key,
        said.county_code,
        said.period,
        said.person_key,
        case said.change_code
            when '11' then 'birth'
            when '12' then 'marriage_in'
            when '13' then 'move_in'
            else 'registered'
        end as event_code,
        null::bigint as other_household_key,
        null::bigint as other_person_key,
        said.change_month as stated_month,
        null::text as relation_before,
        said.relation_code as relation_after
    from said
    left join transferred
        on
            said.person_key = transferred.person_key
            and said.household_key = transferred.other_household_key
            and said.county_code = transferred.county_code
            and said.period = transferred.period
    where
        said.membership_code = 'member'
        and said.change_code in ('11', '12', '13', '14')
        and transferred.person_key is null
    union all
    select
        departed.household_key,
        departed.county_code,
        departed.period,
        departed.person_key,
        case departed.change_code
            when '21' then 'death'
            when '22' then 'marriage_out'
            when '23' then 'move_out'
            else 'transfer'
        end as event_code,
        null::bigint as other_household_key,
        null::bigint as other_person_key,
        departed.change_month as stated_month,
        coalesce(departed.relation_before, departed.relation_code) as relation_before,
        null::text as relation_after
    from departed
    left join transferred
        on
            departed.person_key = transferred.person_key
            and departed.household_key = transferred.household_key
            and departed.county_code = transferred.county_code
            and departed.period = transferred.period
    where transferred.person_key is null
    union all
    select
        heads.household_key,
        heads.county_code,
        heads.period,
        heads.person_key,
        'head_change' as event_code,
        null::bigint as other_household_key,
        heads.head_before as other_person_key,
        null::text as stated_month,
        null::text as relation_before,
        '02' as relation_after
    from heads
    where heads.head_before <> heads.person_key and heads.period > heads.first_period
    union all
    select
        household_key,
        county_code,
        period,
        person_key,
        'disputed' as event_code,
        null::bigint as other_household_key,
        null::bigint as other_person_key,
        change_month as stated_month,
        relation_before,
        relation_code as relation_after
    from stepped
    where membership_code = 'disputed' and coalesce(not follows_directly or membership_before <> 'disputed', true)

)
{%- endmacro %}
