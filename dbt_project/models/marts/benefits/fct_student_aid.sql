{{
    linked_fact(
        feed=ref('stg_education__aid'),
        link=ref('int_link__aid'),
        link_columns=['household_key', 'person_key'],
        derived={'school_key': school_key('feed.school_name')},
        columns=[
            'id_number_hash',
            'programme_code',
            'term_code',
            'paid_date',
            'school_name',
            'stage_code',
            'student_roll_number_hash',
            'amount_yuan',
            'nutrition_meal_yuan',
            'waived_fee_yuan',
        ],
    )
}}
