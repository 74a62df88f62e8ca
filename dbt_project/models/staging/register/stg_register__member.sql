{{ pinned_feed(source('register', 'member')) }}
