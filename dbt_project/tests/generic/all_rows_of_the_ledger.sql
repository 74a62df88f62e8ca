{#-
    A staging view shows exactly the rows that the ledger says were accepted: none lost, none doubled. Where this fails,
    the department is left out of the month and the others close.
-#}
{% test all_rows_of_the_ledger(model) %}
with

staged as (

    select
        submission_id,
        count(*) as row_count
    from {{ model }}
    group by submission_id

),

pinned as (

    select
        inputs.submission_id,
        submissions.rows_accepted
    from {{ ref('base_ops__build_input') }} as inputs
    inner join {{ ref('stg_ops__submission') }} as submissions on inputs.submission_id = submissions.submission_id
    where inputs.feed_id = '{{ model.identifier | replace("stg_", "") | replace("__", ".") }}'

)

select
    pinned.submission_id,
    pinned.rows_accepted,
    coalesce(staged.row_count, 0) as row_count
from pinned
left join staged on pinned.submission_id = staged.submission_id
where pinned.rows_accepted <> coalesce(staged.row_count, 0)
{% endtest %}
