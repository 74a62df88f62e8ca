{{ pinned_feed(source('health', 'settlement')) }}
