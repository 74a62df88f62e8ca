{{ pinned_feed(source('education', 'aid')) }}
