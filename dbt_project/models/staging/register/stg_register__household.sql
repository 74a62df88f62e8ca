{{ pinned_feed(source('register', 'household')) }}
