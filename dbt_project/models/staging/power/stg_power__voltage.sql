{{ pinned_feed(source('power', 'voltage')) }}
