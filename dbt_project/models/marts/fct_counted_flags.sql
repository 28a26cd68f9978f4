{#- A view, as the other tables of records are: nothing in the build reads it. -#}
{{ config(materialized='view') }}

-- The force's person number is left out: it identifies a person across crimes, and no figure needs it.
select
    force,
    quarter,
    crime_reference,
    unit,
    {{ number_on_crime('person', 'flags', also=['flags.unit', 'flags.flag']) }} as person_number,
    flag,
    answer
from {{ ref('cocad_counted_flags') }} as flags
