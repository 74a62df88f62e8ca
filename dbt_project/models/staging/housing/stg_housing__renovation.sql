{{ pinned_feed(source('housing', 'renovation')) }}
