-- Accepted = found = linked + unlinked, and every linked row arrived once: no row lost, none multiplied by a join (P1).
select
    feed_id,
    accepted_rows,
    staged_rows,
    linked_rows,
    unlinked_rows,
    fact_rows
from {{ ref('fct_feed_reconciliation') }}
where
    accepted_rows <> staged_rows
    or staged_rows <> linked_rows + unlinked_rows
    or fact_rows <> linked_rows
