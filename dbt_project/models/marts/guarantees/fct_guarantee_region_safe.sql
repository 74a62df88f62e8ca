{#-
    Small cells are hidden, and enough others with them that no difference of totals gives them back.

    A unit is one region and guarantee: its three counts are shown or hidden together. A unit with a count of 1 to 5 is
    small. Beneath a parent that is shown, hidden units are joined by their smallest siblings until there are at least
    three (so that whoever knows one of them still cannot subtract it) and what is hidden adds up, state by state, to
    nothing or to six and more. A parent whose children cannot do that is hidden itself. Beneath a parent that is
    hidden, children are hidden until each of its counts is covered by six of theirs, or whole. The households that no
    village claims are a child of the county that is never shown. Sizes of regions are hidden by the same rule first;
    a region without a size shows nothing. Zeros are shown: nobody stands behind them. See decision 0028.
-#}
{%- set states = ['met', 'unmet', 'unknown'] -%}
{%- set least = 6 -%}
{%- set members = 3 -%}

with

figures as (

    select * from {{ ref('fct_guarantee_region_month') }}

),

-- Each region once for its size ('' as guarantee, the size as one state), and once a guarantee.
units as (

    select
        county_code,
        period,
        region_code,
        level_code,
        township_code,
        guarantee,
        universe,
        met,
        unmet,
        unknown
    from figures
    union all
    select distinct
        county_code,
        period,
        region_code,
        level_code,
        township_code,
        '' as guarantee,
        universe,
        universe as met,
        0 as unmet,
        0 as unknown
    from figures

),

{% for pass in ['size', 'figure'] %}
{%- set before = 'county_code, period, guarantee' %}
{% if pass == 'size' -%}
size_units as (

    select
        *,
        met between 1 and {{ least - 1 }} as is_small
    from units
    where guarantee = ''

),

{% else -%}
figure_units as (

    select
        units.*,
        units.met between 1 and {{ least - 1 }}
        or units.unmet between 1 and {{ least - 1 }}
        or units.unknown between 1 and {{ least - 1 }}
        or size_hidden.region_code is not null as is_small
    from units
    left join size_hidden
        on
            units.county_code = size_hidden.county_code
            and units.period = size_hidden.period
            and units.region_code = size_hidden.region_code
    where units.guarantee <> ''

),

{% endif -%}
{{ pass }}_villages as (

    select
        *,
        {%- for state in states %}
        sum({{ state }}) over siblings as {{ state }}_so_far,
        sum({{ state }}) over (partition by {{ before }}, township_code) as {{ state }}_whole,
        {%- endfor %}
        row_number() over siblings as place,
        bool_or(is_small) over (partition by {{ before }}, township_code) as has_small
    from {{ pass }}_units
    where level_code = 'village'
    window siblings as (
        partition by {{ before }}, township_code order by is_small desc, universe asc, region_code asc
        rows between unbounded preceding and current row
    )

),

-- How many villages a township hides while it is shown itself; none will do: it is hidden.
{{ pass }}_shown_townships as (

    select
        {{ before }},
        township_code,
        bool_or(has_small) as has_small,
        min(place) filter (
            where
            place >= {{ members }}
            -- every small one is among them
            and place >= small_count
            {%- for state in states %}
            and {{ state }}_so_far not between 1 and {{ least - 1 }}
            {%- endfor %}
        ) as hide_first
    from (
        select
            *,
            count(*) filter (where is_small) over (partition by {{ before }}, township_code) as small_count
        from {{ pass }}_villages
    ) as counted
    group by {{ before }}, township_code

),

{{ pass }}_townships as (

    select
        townships.*,
        townships.is_small or coalesce(shown.has_small and shown.hide_first is null, false) as must_hide
    from {{ pass }}_units as townships
    left join {{ pass }}_shown_townships as shown
        on
            townships.county_code = shown.county_code
            and townships.period = shown.period
            and townships.guarantee = shown.guarantee
            and townships.region_code = shown.township_code
    where townships.level_code = 'township'

),

{{ pass }}_counties as (

    select * from {{ pass }}_units
    where level_code = 'county'

),

-- The households that no township claims.
{{ pass }}_unplaced as (

    select
        counties.county_code,
        counties.period,
        counties.guarantee,
        {%- for state in ['universe'] + states %}
        min(counties.{{ state }}) - coalesce(sum(townships.{{ state }}), 0) as {{ state }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ pass }}_counties as counties
    left join {{ pass }}_townships as townships
        on
            counties.county_code = townships.county_code
            and counties.period = townships.period
            and counties.guarantee = townships.guarantee
    group by counties.county_code, counties.period, counties.guarantee

),

{{ pass }}_parts as (

    select
        {{ before }},
        region_code,
        must_hide,
        universe,
        {{ states | join(',\n        ') }}
    from {{ pass }}_townships
    union all
    select
        {{ before }},
        '' as region_code,
        met between 1 and {{ least - 1 }}
        or unmet between 1 and {{ least - 1 }}
        or unknown between 1 and {{ least - 1 }} as must_hide,
        universe,
        {{ states | join(',\n        ') }}
    from {{ pass }}_unplaced
    where universe > 0

),

{{ pass }}_ranked_parts as (

    select
        *,
        {%- for state in states %}
        sum({{ state }}) over siblings as {{ state }}_so_far,
        sum({{ state }}) over (partition by {{ before }}) as {{ state }}_whole,
        {%- endfor %}
        row_number() over siblings as place,
        count(*) filter (where must_hide) over (partition by {{ before }}) as must_count
    from {{ pass }}_parts
    window siblings as (
        partition by {{ before }} order by must_hide desc, universe asc, region_code asc
        rows between unbounded preceding and current row
    )

),

{{ pass }}_top as (

    select
        ranked.county_code,
        ranked.period,
        ranked.guarantee,
        bool_or(counties.is_small) as is_small,
        max(ranked.must_count) as must_count,
        min(ranked.place) filter (
            where
            ranked.place >= {{ members }}
            and ranked.place >= ranked.must_count
            {%- for state in states %}
            and ranked.{{ state }}_so_far not between 1 and {{ least - 1 }}
            {%- endfor %}
        ) as hide_first,
        min(ranked.place) filter (
            where
            ranked.place >= ranked.must_count
            {%- for state in states %}
            and ranked.{{ state }}_so_far >= least({{ least }}, ranked.{{ state }}_whole)
            {%- endfor %}
        ) as hide_beneath
    from {{ pass }}_ranked_parts as ranked
    inner join {{ pass }}_counties as counties
        on
            ranked.county_code = counties.county_code
            and ranked.period = counties.period
            and ranked.guarantee = counties.guarantee
    group by ranked.county_code, ranked.period, ranked.guarantee

),

{{ pass }}_hidden_parts as (

    select
        ranked.county_code,
        ranked.period,
        ranked.guarantee,
        ranked.region_code
    from {{ pass }}_ranked_parts as ranked
    inner join {{ pass }}_top as tops
        on
            ranked.county_code = tops.county_code
            and ranked.period = tops.period
            and ranked.guarantee = tops.guarantee
    where
        case
            when tops.is_small or (tops.must_count > 0 and tops.hide_first is null)
                then ranked.place <= tops.hide_beneath
            else tops.must_count > 0 and ranked.place <= tops.hide_first
        end

),

{{ pass }}_hidden_villages as (

    select
        villages.county_code,
        villages.period,
        villages.guarantee,
        villages.region_code
    from {{ pass }}_villages as villages
    left join {{ pass }}_hidden_parts as parents
        on
            villages.county_code = parents.county_code
            and villages.period = parents.period
            and villages.guarantee = parents.guarantee
            and villages.township_code = parents.region_code
    left join {{ pass }}_shown_townships as shown
        on
            villages.county_code = shown.county_code
            and villages.period = shown.period
            and villages.guarantee = shown.guarantee
            and villages.township_code = shown.township_code
    where
        villages.is_small
        or case
            when parents.region_code is not null
                -- the first, and each next one while those before it do not cover every count of the township
                then
                    villages.place = 1
                    {%- for state in states %}
                    or villages.{{ state }}_so_far - villages.{{ state }}
                    < least({{ least }}, villages.{{ state }}_whole)
                    {%- endfor %}
            else shown.has_small and villages.place <= shown.hide_first
        end

),

{{ pass }}_hidden as (

    select * from {{ pass }}_hidden_villages
    union all
    select * from {{ pass }}_hidden_parts
    where region_code <> ''
    union all
    select
        counties.county_code,
        counties.period,
        counties.guarantee,
        counties.region_code
    from {{ pass }}_counties as counties
    inner join {{ pass }}_top as tops
        on
            counties.county_code = tops.county_code
            and counties.period = tops.period
            and counties.guarantee = tops.guarantee
    where tops.is_small or (tops.must_count > 0 and tops.hide_first is null)

),

{% endfor %}
final as (

    select
        figures.county_code,
        figures.period,
        figures.region_code,
        figures.level_code,
        figures.guarantee,
        case when size_hidden.region_code is null then figures.universe end as universe,
        case when figure_hidden.region_code is null then figures.met end as met,
        case when figure_hidden.region_code is null then figures.unmet end as unmet,
        case when figure_hidden.region_code is null then figures.unknown end as unknown,
        case when figure_hidden.region_code is null then figures.rate_min end as rate_min,
        case when figure_hidden.region_code is null then figures.rate_max end as rate_max,
        figure_hidden.region_code is not null as is_hidden,
        figures.is_carried
    from figures
    left join size_hidden
        on
            figures.county_code = size_hidden.county_code
            and figures.period = size_hidden.period
            and figures.region_code = size_hidden.region_code
    left join figure_hidden
        on
            figures.county_code = figure_hidden.county_code
            and figures.period = figure_hidden.period
            and figures.region_code = figure_hidden.region_code
            and figures.guarantee = figure_hidden.guarantee

)

select * from final
