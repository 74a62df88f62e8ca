{{ pinned_feed(source('civil_affairs', 'tekun')) }}
