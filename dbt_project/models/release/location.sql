{{ wide_view('location') }}
