{#- Every link model; rows of places have no household and no path. -#}
{%- set links = {
    'register.household': ref('int_link__household'),
    'register.member': ref('int_link__member'),
    'civil_affairs.dibao': ref('int_link__dibao'),
    'health.insurance': ref('int_link__insurance'),
    'education.enrolment': ref('int_link__enrolment'),
    'education.dropout': ref('int_link__dropout'),
    'housing.assessment': ref('int_link__assessment'),
    'water.supply': ref('int_link__supply'),
    'power.connection': ref('int_link__connection'),
    'civil_affairs.tekun': ref('int_link__tekun'),
    'civil_affairs.disability_subsidy': ref('int_link__disability_subsidy'),
    'health.settlement': ref('int_link__settlement'),
    'health.contract': ref('int_link__contract'),
    'education.aid': ref('int_link__aid'),
    'housing.renovation': ref('int_link__renovation'),
} %}
{%- set placed = {
    'water.scheme': ref('int_link__scheme'),
    'power.transformer': ref('int_link__transformer'),
    'power.outage': ref('int_link__outage'),
    'power.voltage': ref('int_link__voltage'),
} %}
{%- set link_of = dict(links, **placed) -%}

with

counted as (

    {% for feed_id, link in link_of.items() -%}
    select
        county_code,
        period,
        '{{ feed_id }}'::text as feed_id,
        link_status,
        case
            when link_status <> 'linked' then 'none'
            else {{ 'link_path' if feed_id in links else "'place'" }}
        end as link_path,
        count(*)::integer as row_count,
        {{ 'count(distinct household_key)' if feed_id in links else '0' }}::integer as household_count
    from {{ link }}
    group by 1, 2, 3, 4, 5
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

final as (

    select
        county_code,
        period,
        feed_id,
        link_status,
        link_path,
        row_count,
        (sum(row_count) over (partition by county_code, period, feed_id))::integer as feed_row_count,
        household_count
    from counted

)

select * from final
