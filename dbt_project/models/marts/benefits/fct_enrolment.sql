{{
    linked_fact(
        feed=ref('stg_education__enrolment'),
        link=ref('int_link__enrolment'),
        link_columns=['household_key', 'person_key'],
        derived={'school_key': school_key('feed.school_name')},
        columns=[
            'id_number_hash',
            'term_code',
            'stated_is_register_student',
            'school_name',
            'stage_code',
            'grade_no',
            'boarding_code',
            'schooling_mode_code',
            'is_disabled_student',
            'attendance_code',
            'not_in_school_code',
            'leave_until_date',
            'school_place_code',
            'is_left_behind',
            'is_orphan',
        ],
    )
}}
