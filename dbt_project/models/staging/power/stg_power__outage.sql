{{ pinned_feed(source('power', 'outage')) }}
