{{ pinned_feed(source('civil_affairs', 'dibao')) }}
