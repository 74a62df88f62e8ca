{{ pinned_feed(source('education', 'enrolment')) }}
