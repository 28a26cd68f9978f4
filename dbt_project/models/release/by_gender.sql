{{ wide_figures('gender') }}
