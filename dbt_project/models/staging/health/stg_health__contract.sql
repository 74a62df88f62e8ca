{{ pinned_feed(source('health', 'contract')) }}
