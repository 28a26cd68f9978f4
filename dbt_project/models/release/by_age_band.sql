{{ wide_figures('age_band') }}
