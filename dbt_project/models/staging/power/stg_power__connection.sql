{{ pinned_feed(source('power', 'connection')) }}
