{{ pinned_feed(source('power', 'transformer')) }}
