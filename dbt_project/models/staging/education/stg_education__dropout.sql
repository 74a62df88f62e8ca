{{ pinned_feed(source('education', 'dropout')) }}
