{{ wide_figures('committed_by_children') }}
