{{ wide_view('offenders') }}
