{{ wide_view('arrest_at_12_weeks') }}
