{{ wide_view('outcome_at_12_weeks') }}
