{{ pinned_feed(source('civil_affairs', 'disability_subsidy')) }}
