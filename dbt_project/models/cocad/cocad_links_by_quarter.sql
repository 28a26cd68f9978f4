{#- What candidates of a quarter hang on beside its returns: a link may reach it from any other quarter. -#}

with

links as (
    select
        'links' as what,
        quarter,
        {{ fingerprint([
            'force', 'crime_reference', 'linked_force', 'linked_quarter', 'linked_crime_reference',
        ]) }} as fingerprint
    from {{ ref('cocad_linked_crimes') }}
    group by quarter
)

select * from links
