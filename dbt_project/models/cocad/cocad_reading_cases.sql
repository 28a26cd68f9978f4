{#-
    The summary is not here: free text stays in `int_summaries`, and joins the case where it is copied out for readers.
    The force's own exploitation and children flags are left out: a reader who saw them would not be a second opinion on
    them. So is all that was read of a linked crime.
-#}
{{ config(materialized='view') }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}
{#- digest of all that a table has beyond what readers see of it #}
{%- set otherwise = [
    ('crime_otherwise', 'cpai_crimes', [
        'offence_code', 'recorded_on', 'reported_on', 'committed_from', 'committed_to', 'location_type',
        'local_authority', 'suspect_rows', 'offenders_stated',
    ]),
    ('victims_otherwise', 'cpai_victims', ['age_at_offence', 'gender']),
    ('suspects_otherwise', 'cpai_suspects', ['age_at_offence', 'gender', 'relationship', 'role', 'identified']),
] %}
{%- set row = 'cast(to_json(not_shown) as varchar)' %}
with

candidates as (
    select * from {{ ref('cocad_candidates') }}
),

received as (
    select * from {{ ref('int_crimes') }}
),

offences as (
    select offence_code, any_value(name) as offence
    from {{ ref('offences') }}
    group by offence_code
),

victims as (
    select
        victims.force,
        victims.quarter,
        victims.crime_reference,
        cast(to_json(list(
            {'age_at_offence': victims.age_at_offence, 'gender': victims.gender}
            order by victims.victim_reference
        )) as varchar) as victims
    from {{ ref('cpai_victims') }} as victims
    inner join candidates
        on {{ same_key('candidates', 'victims', key) }}
    group by victims.force, victims.quarter, victims.crime_reference
),

suspects as (
    select
        suspects.force,
        suspects.quarter,
        suspects.crime_reference,
        cast(to_json(list(
            {
                'age_at_offence': suspects.age_at_offence, 'gender': suspects.gender,
                'relationship': suspects.relationship, 'role': suspects.role, 'identified': suspects.identified
            }
            order by suspects.suspect_reference
        )) as varchar) as suspects
    from {{ ref('cpai_suspects') }} as suspects
    inner join candidates
        on {{ same_key('candidates', 'suspects', key) }}
    group by suspects.force, suspects.quarter, suspects.crime_reference
),

linked_crimes as (
    select
        links.force,
        links.quarter,
        links.crime_reference,
        cast(to_json(list(
            {
                'force': crimes.force, 'crime_reference': crimes.crime_reference, 'offence_code': crimes.offence_code,
                'offence': offences.offence, 'recorded_on': crimes.recorded_on,
                'committed_from': crimes.committed_from, 'committed_to': crimes.committed_to,
                'victim_rows': crimes.victim_rows, 'suspect_rows': crimes.suspect_rows
            }
            order by crimes.recorded_on, crimes.force, crimes.crime_reference
        )) as varchar) as linked_crimes
    from {{ ref('cocad_linked_crimes') }} as links
    inner join candidates
        on {{ same_key('candidates', 'links', key) }}
    inner join {{ ref('cpai_crimes') }} as crimes
        on links.linked_force = crimes.force
        and links.linked_quarter = crimes.quarter
        and links.linked_crime_reference = crimes.crime_reference
    left join offences on crimes.offence_code = offences.offence_code
    group by links.force, links.quarter, links.crime_reference
),

{% for name, table, shown in otherwise -%}
{{ name }} as (
    select
        not_shown.force,
        not_shown.quarter,
        not_shown.crime_reference,
        {{ sha256_of("string_agg(" ~ row ~ ", chr(31) order by " ~ row ~ ")") }} as {{ name }}
    from (select * exclude ({{ shown | join(', ') }}) from {{ ref(table) }}) as not_shown
    inner join candidates
        on {{ same_key('candidates', 'not_shown', key) }}
    group by not_shown.force, not_shown.quarter, not_shown.crime_reference
),

{% endfor -%}
final as (
    select
        candidates.force,
        candidates.quarter,
        candidates.crime_reference,
        candidates.version,
        candidates.reasons as reason,
        received.submission,
        crimes.offence_code,
        offences.offence,
        crimes.recorded_on,
        crimes.reported_on,
        crimes.committed_from,
        crimes.committed_to,
        crimes.location_type,
        crimes.local_authority,
        candidates.suspect_rows,
        candidates.offenders_stated,
        coalesce(victims.victims, '[]') as victims,
        coalesce(suspects.suspects, '[]') as suspects,
        linked_crimes.linked_crimes,
        crime_otherwise.crime_otherwise,
        victims_otherwise.victims_otherwise,
        suspects_otherwise.suspects_otherwise
    from candidates
    inner join {{ ref('cpai_crimes') }} as crimes
        on {{ same_key('crimes', 'candidates', key) }}
    left join offences on crimes.offence_code = offences.offence_code
    {%- for name in ['received', 'victims', 'suspects', 'linked_crimes'] + otherwise | map(attribute=0) | list %}
    left join {{ name }}
        on {{ same_key(name, 'candidates', key) }}
    {%- endfor %}
)

select * from final
