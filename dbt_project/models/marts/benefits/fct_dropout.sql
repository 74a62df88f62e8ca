{{
    linked_fact(
        feed=ref('stg_education__dropout'),
        link=ref('int_link__dropout'),
        link_columns=['household_key', 'person_key'],
        derived={'school_key': school_key('feed.school_name')},
        columns=[
            'id_number_hash',
            'school_name',
            'grade_no',
            'absent_since_date',
            'dropout_month',
            'reason_code',
            'status_code',
            'effort_count',
            'last_effort_date',
            'written_report_no',
            'closed_date',
            'exemption_document_no',
        ],
    )
}}
