{{ pinned_feed(source('housing', 'assessment')) }}
