{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

{{ household_guarantee('medical', ref('int_guarantee_person__medical'), 'health.insurance') }}
