{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

{{ survey_guarantee('food', 'is_food_met') }}
