{{ wide_figures('offence_group') }}
