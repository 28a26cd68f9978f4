{{ config(materialized='view') }}

select
    scheme,
    scheme_number,
    criterion_read,
    by_children,
    criterion,
    has_own_figures
from {{ ref('cocad_scheme_criteria') }}
