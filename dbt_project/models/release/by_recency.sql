{{ wide_figures('recency') }}
