{#-
    What the rows of a village look like beside those of the county, as a question to whoever sent them. Nobody is
    accused: a village that stands out may have a good reason, and only a person can know it.
-#}
{%- set rules = history_rules() -%}
with

outlook as (

    select * from {{ ref('int_outlook') }}
    where village_code is not null

),

memory as (

    select * from {{ ref('stg_published__household_memory') }}
    where is_active and village_code is not null and last_period = '{{ shift_month(var("period"), -1) }}'

),

catalogue as (

    select * from {{ ref('stg_reference__rule') }}
    where family = 'T' and not_judged_because is null

),

parameters as (

    select * from {{ ref('int_build_parameter') }}

),

tallied as (

    select
        village_code,
        max(township_code) as township_code
        {%- for rule in rules %}
        {%- set name = rule.id | lower | replace('-', '_') %},
        count({{ name }}_fails) as {{ name }}_judged,
        count(*) filter (where {{ name }}_fails) as {{ name }}_hits
        {%- endfor %}
    from outlook
    group by village_code

),

of_households as (

    select
        village_code,
        township_code,
        unnest(array[
            {%- for rule in rules %}
            '{{ rule.id }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as rule_id,
        unnest(array[
            {%- for rule in rules %}
            {{ rule.id | lower | replace('-', '_') }}_judged{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as judged_count,
        unnest(array[
            {%- for rule in rules %}
            {{ rule.id | lower | replace('-', '_') }}_hits{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as hit_count
    from tallied

),

-- Income by income: how many households share it, and in which narrow band it lies.
incomes as (

    select
        outlook.village_code,
        max(outlook.township_code) as township_code,
        round(outlook.stated_income_yuan, 2) as yuan,
        floor(ln(outlook.stated_income_yuan) / ln(1 + max(parameters.heap_width))) as band,
        bool_and(mod(outlook.stated_income_yuan, parameters.round_base) = 0) as is_round,
        count(*) as households
    from outlook
    cross join parameters
    where outlook.is_active and outlook.stated_income_yuan > 0
    group by outlook.village_code, outlook.stated_income_yuan

),

of_incomes as (

    select
        village_code,
        max(township_code) as township_code,
        sum(households) as judged_count,
        coalesce(sum(households) filter (where is_round), 0) as round_count,
        max(households) as same_count
    from incomes
    group by village_code

),

-- Two bands side by side are wide enough for a heap that lies across their border; equal incomes count once.
bands as (

    select
        village_code,
        band,
        sum(count(*)) over (partition by village_code order by band range between current row and 1 following)
            as incomes_here,
        coalesce(
            sum(count(*)) over (partition by village_code order by band range between 2 following and 3 following), 0
        ) as incomes_above
    from incomes
    group by village_code, band

),

heaped as (

    select distinct on (village_code)
        village_code,
        incomes_here,
        incomes_above
    from bands
    order by village_code asc, incomes_here desc, band asc

),

-- The last days of a month are asked about by T-05: nobody is asked twice.
same_day as (

    select
        village_code,
        max(households) filter (where not is_last_days) as most,
        sum(households) as judged_count
    from (
        select
            village_code,
            house_assessed_date,
            coalesce(bool_or(t_05_fails), false) as is_last_days,
            count(*) as households
        from outlook
        where is_active and house_assessed_date is not null
        group by village_code, house_assessed_date
    ) as by_day
    group by village_code

),

vanished as (

    select
        memory.village_code,
        max(memory.township_code) as township_code,
        count(*) as judged_count,
        count(*) filter (where outlook.household_key is null) as hit_count
    from memory
    left join outlook on memory.household_key = outlook.household_key
    group by memory.village_code

),

measured as (

    select
        rule_id,
        village_code,
        township_code,
        judged_count,
        hit_count,
        0 as alone_count,
        0 as next_count
    from of_households
    union all
    select
        'T-06' as rule_id,
        village_code,
        township_code,
        judged_count,
        round_count as hit_count,
        0 as alone_count,
        0 as next_count
    from of_incomes
    union all
    select
        'T-07' as rule_id,
        village_code,
        township_code,
        judged_count,
        same_count as hit_count,
        1 as alone_count,
        0 as next_count
    from of_incomes
    union all
    select
        'T-08' as rule_id,
        of_incomes.village_code,
        of_incomes.township_code,
        of_incomes.judged_count,
        heaped.incomes_here as hit_count,
        1 as alone_count,
        heaped.incomes_above as next_count
    from of_incomes
    inner join heaped on of_incomes.village_code = heaped.village_code
    union all
    select
        'T-10' as rule_id,
        tallied.village_code,
        tallied.township_code,
        same_day.judged_count,
        same_day.most as hit_count,
        1 as alone_count,
        0 as next_count
    from tallied
    inner join same_day on tallied.village_code = same_day.village_code
    union all
    select
        'T-14' as rule_id,
        village_code,
        township_code,
        judged_count,
        hit_count,
        0 as alone_count,
        0 as next_count
    from vanished

),

-- One house alone shares its income or its day with itself: it is nothing to be counted.
compared as (

    select
        *,
        greatest(coalesce(hit_count, 0) - alone_count, 0) as counted_hits,
        judged_count - alone_count as counted_rows,
        sum(greatest(coalesce(hit_count, 0) - alone_count, 0)) over (partition by rule_id)::numeric
        / sum(judged_count - alone_count) over (partition by rule_id) as county_share,
        count(*) over (partition by rule_id) as village_count
    from measured
    where judged_count > alone_count

),

-- By how much a village has more of it than the county would lead one to expect, in units of chance: of two villages
-- with one share the larger one comes first.
scored as (

    select
        *,
        hit_count::numeric / judged_count as hit_share,
        (counted_hits - counted_rows * county_share)
        / sqrt(counted_rows * county_share * (1 - county_share) + 0.25) as score
    from compared

),

ranked as (

    select
        *,
        rank() over (partition by rule_id order by score desc) as place
    from scored

),

final as (

    select
        '{{ var("county_code") }}'::text as county_code,
        parameters.period,
        ranked.rule_id,
        ranked.village_code,
        ranked.township_code,
        catalogue.owner_department as asked_department,
        ranked.judged_count::integer as judged_count,
        ranked.hit_count::integer as hit_count,
        round(ranked.hit_share, 4) as hit_share,
        round(ranked.county_share, 4) as county_share,
        round(ranked.score, 4) as score,
        ranked.place::integer as place,
        round(ranked.place::numeric / ranked.village_count, 4) as rank_share,
        case ranked.rule_id
            when 'T-03'
                then ranked.judged_count >= parameters.detector_min_n and ranked.hit_share >= parameters.copy_share
            when 'T-05'
                then ranked.judged_count >= parameters.rush_min_n and ranked.hit_share >= parameters.rush_share
            when 'T-06'
                then
                    ranked.judged_count >= parameters.detector_min_n
                    and ranked.hit_share > ranked.county_share + parameters.round_margin
            when 'T-11'
                then
                    ranked.judged_count >= parameters.detector_min_n
                    and ranked.hit_share > ranked.county_share + parameters.round_margin
            when 'T-07' then ranked.hit_count >= parameters.same_income_n
            when 'T-08'
                then
                    ranked.judged_count >= parameters.detector_min_n
                    and ranked.hit_count > parameters.heap_ratio * greatest(ranked.next_count, 1)
            when 'T-10' then ranked.hit_count > parameters.certs_per_day
            else true
        end as is_asked,
        replace(
            replace(catalogue.message_zh, '{share}', round(100 * ranked.hit_share)::text || '%'),
            '{n}',
            ranked.hit_count::text
        ) as question_zh
    from ranked
    cross join parameters
    inner join catalogue on ranked.rule_id = catalogue.rule_id
    where ranked.counted_hits > 0

)

select * from final
