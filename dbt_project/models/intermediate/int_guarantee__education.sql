{{ config(contract={'enforced': true}, meta={'distributed_by': 'household_key'}) }}

{{ household_guarantee('education', ref('int_guarantee_person__education'), 'education.enrolment') }}
