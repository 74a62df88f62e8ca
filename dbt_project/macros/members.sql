{#-
    Member change codes that end membership: died, married out, moved out, split off (rules section 0). Serving a
    sentence, in the army or lost to sight are changes too, but the person stays a member.
-#}
{% macro is_active_member(member_change_code) -%}
    coalesce({{ member_change_code }} not in ('21', '22', '23', '24'), true)
{%- endmacro %}


{#-
    Authority of a person's number: the ID number itself, or, for a placeholder, the household that lists it. A number
    that the register has with 15 digits is the same person's as with 18: the key outlives the new card.
-#}
{% macro person_authority(alias) -%}
    case
        when {{ alias }}.id_link in ('usable', 'raised') then 'id_number'
        else {{ alias }}.county_code || '/' || {{ alias }}.household_no
    end
{%- endmacro %}


{#- A region name without the suffix that one office writes and another does not; two characters must remain (GEN-29). -#}
{% macro region_stem(name) -%}
    regexp_replace(
        {{ name }},
        '^(.{2,}?)((社区|嘎查|村)?(村民委员会|居民委员会|村委会|居委会)|社区|嘎查村|嘎查|村|民族乡|街道办事处|街道|苏木|镇|乡)$',
        '\1'
    )
{%- endmacro %}


{#- attendance_code of a row of the school roll; it follows from the reason where the school did not write it. -#}
{% macro attendance(alias) -%}
    coalesce(
            {{ alias }}.attendance_code,
            case
                when {{ alias }}.not_in_school_code is null or {{ alias }}.not_in_school_code = '06' then '1'
                when {{ alias }}.not_in_school_code in ('01', '02') then '4'
                when {{ alias }}.not_in_school_code = '07' then '5'
                when {{ alias }}.not_in_school_code = '08' then '2'
            end
        )
{%- endmacro %}
