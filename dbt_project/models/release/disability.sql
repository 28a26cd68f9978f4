{{ wide_view('disability') }}
