{#-
    What the household card, the village register, the township book and the county archive count, each a sum over
    households: name -> how a household counts. One list for all four levels.

    `household` names the relation of households with the columns of `card_people`.
-#}
{% macro book_measures(household) -%}
{%- set of = household ~ '.' -%}
{%- set measures = {
    'household_count': '1',
    'person_count': of ~ 'person_count',
    'poor_household_count': '(' ~ of ~ "poverty_status_code in ('1', '2', '5', '6'))::integer",
    'poor_person_count': '(' ~ of ~ "poverty_status_code in ('1', '2', '5', '6'))::integer * " ~ of ~ 'person_count',
    'exited_household_count': '(' ~ of ~ "poverty_status_code in ('3', '4'))::integer",
    'exited_person_count': '(' ~ of ~ "poverty_status_code in ('3', '4'))::integer * " ~ of ~ 'person_count',
    'monitored_household_count': of ~ 'is_monitored::integer',
    'monitored_person_count': of ~ 'is_monitored::integer * ' ~ of ~ 'person_count',
    'dibao_household_count': '(' ~ of ~ "on_dibao = 'yes')::integer",
    'labour_count': of ~ 'labour_count',
    'pupil_count': of ~ 'pupil_count',
    'disabled_count': of ~ 'disabled_count',
    'arable_land_mu': of ~ 'arable_land_mu',
    'net_income_yuan': of ~ 'net_income_yuan',
} -%}
{%- for name in ['food', 'clothing', 'education', 'medical', 'housing', 'water', 'power'] -%}
{%- do measures.update({name ~ '_unmet_count': '(' ~ of ~ name ~ "_state = 'unmet')::integer"}) -%}
{%- endfor -%}
{%- for state in ['met', 'unmet', 'unknown'] -%}
{%- do measures.update({'seven_' ~ state ~ '_count': '(' ~ of ~ "seven_state = '" ~ state ~ "')::integer"}) -%}
{%- endfor -%}
{{ return(measures) }}
{%- endmacro %}


{#- Who lives in a household, counted: a select over the register's members. -#}
{% macro card_people(members) -%}
select
        household_key,
        county_code,
        period,
        count(*)::integer as person_count,
        (count(*) filter (where labour_capacity_code in ('1', '2', '3')))::integer as labour_count,
        (count(*) filter (where school_status_code <> '01'))::integer as pupil_count,
        (count(*) filter (where has_disability_certificate))::integer as disabled_count
    from {{ members }}
    where is_active
    group by household_key, county_code, period
{%- endmacro %}


{#- A page of the books: the rows of one level, with their places' names. -#}
{% macro book_page(level) -%}
{%- set measures = book_measures('cards') -%}
with

figures as (

    select
        county_code,
        period,
        region_code,
        level_code,
        {{ measures.keys() | join(',\n        ') }}
    from {{ published('fct_book_month') }}

),

regions as (

    select
        region_code,
        county_code,
        name,
        township_name
    from {{ published('dim_region') }}

),

-- As it was called in the month.
versions as (

    select
        region_code,
        county_code,
        valid_from,
        valid_to,
        name,
        township_name
    from {{ published('dim_region_version') }}

),

final as (

    select
        figures.county_code,
        figures.period,
        figures.region_code,
        coalesce(versions.name, regions.name) as region_name,
        coalesce(versions.township_name, regions.township_name) as township_name,
        figures.{{ measures.keys() | join(',\n        figures.') }}
    from figures
    left join versions
        on
            figures.region_code = versions.region_code
            and figures.county_code = versions.county_code
            and figures.period between versions.valid_from and versions.valid_to
    left join regions on figures.region_code = regions.region_code and figures.county_code = regions.county_code
    where figures.level_code = '{{ level }}'

)

select * from final
{%- endmacro %}
