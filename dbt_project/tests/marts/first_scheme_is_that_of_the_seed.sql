-- the scheme of figures in dbt_project.yml is the first of the seed
select
    scheme,
    scheme_number
from {{ ref('cocad_scheme_criteria') }}
where (scheme_number = 1) <> (scheme = '{{ var('first_scheme') }}')
