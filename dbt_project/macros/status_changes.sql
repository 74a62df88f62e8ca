{#-
    What changed in a household from one month to the next, read off its versions: as they do not depend on the order in
    which months came, neither does this. CTEs up to `changes`; a CTE `versions` with all versions must stand before.

    entered     on the register and active, never before          returned      active again
    left        struck off, gone, or no longer listed             exited        out of poverty (status 3, 4)
    relapsed    back in poverty (status 5)                        identified    newly identified (status 6)
    monitored   has a monitor class                               risk_removed  has none any more
    reclassed   another monitor class                             moved         another village

    Beside each the register's own reason (code list household_change) and, where a household was founded out of another
    (13) or taken into one (23), that other: the one where most of its people came from or went to.

    Where the month before says nothing of a household, in the county's first month or because its row was refused, only
    that counts of which the row says that it happened in this very month: nobody else entered in the first month, and
    a household first listed as ended has left. `history` names the CTE the first month is read off, where `versions`
    holds some households only.
-#}
{% macro status_changes(history='versions') -%}
beginning as (

    select min(valid_from) as first_period from {{ history }}

),

-- Who is monitored: the class stays in the row after the risk is gone.
watched as (

    select
        versions.*,
        case when not coalesce(versions.is_risk_removed, false) then versions.monitor_class_code end as watch_code
    from versions

),

neighbours as (

    select
        *,
        lag(valid_to) over history = {{ month_before('valid_from') }} as follows_directly,
        lag(is_active) over history as active_before,
        lag(poverty_status_code) over history as poverty_before,
        lag(watch_code) over history as monitor_before,
        lag(village_code) over history as village_before,
        lead(valid_from) over history as next_from,
        coalesce(bool_or(is_active) over earlier, false) as was_ever_active
    from watched
    window
        history as (partition by household_key, county_code order by valid_from),
        earlier as (
            partition by household_key, county_code
            order by valid_from rows between unbounded preceding and 1 preceding
        )

),

stepped as (

    select
        neighbours.household_key,
        neighbours.county_code,
        neighbours.valid_from as period,
        coalesce(neighbours.is_active, false) as is_active,
        coalesce(neighbours.follows_directly and neighbours.active_before, false) as active_before,
        neighbours.was_ever_active,
        neighbours.poverty_before,
        neighbours.poverty_status_code as poverty_after,
        neighbours.monitor_before,
        neighbours.watch_code as monitor_after,
        neighbours.village_before,
        neighbours.village_code as village_after,
        neighbours.change_code as reason_code,
        coalesce(neighbours.follows_directly, false) as follows_directly,
        neighbours.valid_from = beginning.first_period as is_beginning,
        -- The row's own word for what no comparison shows.
        case when neighbours.change_month = neighbours.valid_from then neighbours.change_code end as said_code,
        coalesce(neighbours.monitored_month = neighbours.valid_from, false) as is_said_monitored
    from neighbours
    cross join beginning

),

-- Known to the county, if only from before what can be compared.
resumed as (

    select *
    from stepped
    where is_active and not active_before and (is_beginning or was_ever_active)

),

ended as (

    select
        household_key,
        county_code,
        {{ month_after('valid_to') }} as period
    from neighbours
    where
        is_active
        and valid_to <> '{{ end_of_time() }}'
        and (next_from is null or next_from <> {{ month_after('valid_to') }})

),

stated as (

    select
        household_key,
        county_code,
        period,
        case when was_ever_active then 'returned' else 'entered' end as change_code,
        null::text as value_before,
        poverty_after as value_after,
        reason_code
    from stepped
    where is_active and not active_before and (not is_beginning or coalesce(said_code in ('11', '13'), false))
    union all
    select
        household_key,
        county_code,
        period,
        'left' as change_code,
        poverty_before as value_before,
        poverty_after as value_after,
        reason_code
    from stepped
    where
        not is_active
        and (active_before or (not follows_directly and coalesce(said_code in ('21', '22', '23', '24'), false)))
    union all
    select
        household_key,
        county_code,
        period,
        'left' as change_code,
        null::text as value_before,
        null::text as value_after,
        null::text as reason_code
    from ended
    union all
    select
        household_key,
        county_code,
        period,
        case
            when poverty_after = '5' then 'relapsed'
            when poverty_after = '6' then 'identified'
            else 'exited'
        end as change_code,
        poverty_before as value_before,
        poverty_after as value_after,
        reason_code
    from stepped
    where
        is_active and active_before
        and (
            (poverty_after in ('5', '6') and poverty_before is distinct from poverty_after)
            or (poverty_after in ('3', '4') and poverty_before in ('1', '2', '5', '6'))
        )
    union all
    select
        household_key,
        county_code,
        period,
        case
            when monitor_before is null then 'monitored'
            when monitor_after is null then 'risk_removed'
            else 'reclassed'
        end as change_code,
        monitor_before as value_before,
        monitor_after as value_after,
        reason_code
    from stepped
    where is_active and active_before and monitor_before is distinct from monitor_after
    union all
    select
        household_key,
        county_code,
        period,
        'moved' as change_code,
        village_before as value_before,
        village_after as value_after,
        reason_code
    from stepped
    where is_active and active_before and village_before <> village_after
    union all
    select
        household_key,
        county_code,
        period,
        case said_code
            when '12' then 'relapsed'
            when '14' then 'moved'
            when '15' then 'exited'
            else 'risk_removed'
        end as change_code,
        case said_code when '14' then village_before when '17' then monitor_before else poverty_before end as value_before,
        case said_code when '14' then village_after when '17' then monitor_after else poverty_after end as value_after,
        reason_code
    from resumed
    where said_code in ('12', '14', '15', '17')
    union all
    select
        household_key,
        county_code,
        period,
        'monitored' as change_code,
        monitor_before as value_before,
        monitor_after as value_after,
        reason_code
    from resumed
    where is_said_monitored and monitor_after is not null

),

-- Where the people of a new household lived before, and where those of one that ends went.
shared_people as (

    select
        other_household_key as household_key,
        household_key as other_household_key,
        county_code,
        period,
        '13' as reason_code,
        count(*) as person_count
    from moves
    where other_household_key is not null
    group by household_key, other_household_key, county_code, period
    union all
    select
        household_key,
        other_household_key,
        county_code,
        period,
        '23' as reason_code,
        count(*) as person_count
    from moves
    where other_household_key is not null
    group by household_key, other_household_key, county_code, period

),

nearest as (

    select distinct on (household_key, county_code, period, reason_code)
        household_key,
        county_code,
        period,
        reason_code,
        other_household_key
    from shared_people
    order by
        household_key asc, county_code asc, period asc, reason_code asc, person_count desc, other_household_key asc

),

changes as (

    select
        stated.household_key,
        stated.county_code,
        stated.period,
        stated.change_code,
        stated.value_before,
        stated.value_after,
        stated.reason_code,
        nearest.other_household_key
    from stated
    left join nearest
        on
            stated.household_key = nearest.household_key
            and stated.county_code = nearest.county_code
            and stated.period = nearest.period
            and stated.reason_code = nearest.reason_code
            and stated.change_code in ('entered', 'returned', 'left')

)
{%- endmacro %}
