{{ book_page('township') }}
