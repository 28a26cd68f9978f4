{{ wide_view('nationality') }}
