{{ book_page('county') }}
