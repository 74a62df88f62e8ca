{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

{{ survey_guarantee('clothing', 'is_clothing_met') }}
