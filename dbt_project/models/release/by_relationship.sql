{{ wide_figures('relationship') }}
