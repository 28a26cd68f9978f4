{{ wide_figures('sde') }}
