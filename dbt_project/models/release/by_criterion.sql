{{ wide_figures('criterion') }}
