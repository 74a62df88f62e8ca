{{ pinned_feed(source('health', 'insurance')) }}
