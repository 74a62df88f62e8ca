{{ book_page('village') }}
