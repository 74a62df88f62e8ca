{{ pinned_feed(source('water', 'scheme')) }}
