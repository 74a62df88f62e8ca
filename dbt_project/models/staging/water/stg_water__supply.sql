{{ pinned_feed(source('water', 'supply')) }}
