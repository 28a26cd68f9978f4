{#
    What records that leave the warehouse have instead of days and references: seeds/publication/coarsening.csv says of which
    columns.
#}

{# Weeks from one day to another, in bands: with the month, a number of days would give the day away. 12 weeks end a band. #}
{% macro weeks_in_bands(first, last) -%}
    {%- set days = days_between(first, last) -%}
    case
        when {{ days }} <= 28 then 'up to 4'
        when {{ days }} <= 84 then '5 to 12'
        when {{ days }} <= 182 then '13 to 26'
        when {{ days }} > 182 then '27 and more'
    end
{%- endmacro %}

{% macro within_12_weeks(band) -%}
    {{ band }} in ('up to 4', '5 to 12')
{%- endmacro %}

{# Number of a person on a crime, in the order of the force's references; `also`: what else distinguishes rows of one crime. #}
{% macro number_on_crime(person, records, also=[]) -%}
    cast(
        row_number() over (
            -- by hash: numbering by three texts takes twice as long, and two crimes of one hash still differ
            partition by {{ row_hash([records ~ '.force', records ~ '.quarter', records ~ '.crime_reference'] + also) }}
            order by {{ records }}.{{ person }}_reference
        ) as integer
    )
{%- endmacro %}
