{#
    Where each record rule is checked: view -> rule -> the fields it reads. In the view the rule is a column of the
    same name in lower case: null where the record is not tested, 'ok' where it keeps the rule, else the word for what
    was found. Counting the column gives the tested records, so no rule counts records that it did not test. A rule is
    in one view only.
#}
{# The views that need one return and nothing else: a force can run them before it sends. #}
{% macro rule_checks_in_a_return() %}
    {{ return({
        'rule_checks_received_crimes': {
            'HO01': 'crime_reference, offence_code, recorded_on, status',
        },
        'rule_checks_received_victims': {
            'HO02': 'crime_reference, victim_reference',
        },
        'rule_checks_received_suspects': {
            'HO03': 'crime_reference, suspect_reference',
        },
        'rule_checks_staged_victims': {
            'ME02': 'victim_reference, gender, age_at_offence, self_defined_ethnicity, observed_ethnicity',
            'UR02': 'age_at_offence, date_of_birth',
        },
        'rule_checks_staged_suspects': {
            'ME03': 'suspect_reference, victim_reference, gender, age_at_offence, self_defined_ethnicity, '
                ~ 'observed_ethnicity',
            'UR03': 'age_at_offence, date_of_birth, arrested_on',
        },
        'rule_checks_crimes': {
            'CR01': 'crime_reference',
            'CR03': 'crime_reference',
            'CR09': 'recorded_on',
            'CR10': 'reported_on, recorded_on',
            'CR11': 'committed_from, committed_to, reported_on, recorded_on, outcome_on, cancelled_on',
            'CR13': 'committed_from, committed_to',
            'CR14': 'offence_code, age_at_offence',
            'CR17': 'offence_code, age_at_offence',
            'CR20': 'offence_code',
            'CR21': 'offence_code',
            'CR22': 'outcome_code',
            'CR25': 'status, cancellation_code',
            'CR26': 'cancellation_code',
            'CR28': 'cancellation_code, linked_crime_reference',
            'CR34': 'offence_code, recorded_on',
            'CR36': 'offence_code',
            'CR37': 'offence_code',
            'CR38': 'offence_code',
            'CR41': 'offence_code',
            'CR42': 'offence_code',
            'CR44': 'csa_flag, offence_code, age_at_offence',
            'CR46': 'cse_flag, age_at_offence',
            'CR47': 'online_flag, offence_code',
            'CR48': 'children_flag, age_at_offence, recorded_on',
            'CR51': 'outcome_code, outcome_on',
            'CR52': 'outcome_code',
            'CR53': 'outcome_code, offence_code',
            'CR54': 'outcome_code, offence_code',
            'HO04': 'crime_reference',
            'ME01': 'crime_reference, incident_reference, linked_crime_reference',
            'UM01': 'offence_code, status, cancellation_code, csa_flag, cse_flag, online_flag, children_flag, '
                ~ 'location_type, outcome_code, local_authority',
            'UR01': 'reported_on, committed_from, committed_to, cancelled_on, outcome_on, offenders_stated',
            'XL01': 'offence_code',
        },
        'rule_checks_cpai_crimes': {
            'CR02': 'crime_reference, recorded_on',
            'CR12': 'committed_to, reported_on, recorded_on',
            'CR23': 'offence_code',
            'CR35': 'offence_code, recorded_on, offenders_stated',
            'CR43': 'offence_code',
        },
        'rule_checks_linked_crimes': {
            'CR04': 'offence_code, committed_from, committed_to',
            'CR05': 'incident_reference',
            'CR06': 'incident_reference, offence_code, recorded_on',
            'CR07': 'linked_crime_reference, offence_code',
            'CR08': 'offence_code, recorded_on',
            'CR39': 'offence_code, recorded_on',
            'CR40': 'incident_reference, offence_code',
            'LK01': 'victim_reference, suspect_reference',
        },
        'rule_checks_double_loads': {
            'CR60': 'offence_code, committed_from, committed_to, reported_on',
        },
        'rule_checks_victims': {
            'CR15': 'offence_code, age_at_offence',
            'CR16': 'offence_code, age_at_offence',
            'CR18': 'offence_code, age_at_offence',
            'CR19': 'offence_code, gender',
            'UM02': 'gender, self_defined_ethnicity, observed_ethnicity, disability, nationality' ~ and_flags('victim'),
        },
        'rule_checks_suspects': {
            'UM03': 'gender, self_defined_ethnicity, observed_ethnicity, disability, nationality, relationship, role, '
                ~ 'identified, deceased' ~ and_flags('suspect'),
        },
    }) }}
{% endmacro %}

{# The views that need returns of others, of other quarters, or waivers. #}
{% macro rule_checks_across_returns() %}
    {{ return({
        'rule_checks_transfers': {
            'CR27': 'cancellation_code, linked_crime_reference',
        },
        'rule_checks_forces_together': {
            'CR33': 'offence_code, committed_from, committed_to',
        },
        'rule_checks_later_returns': {
            'CR29': 'status, recorded_on',
        },
        'rule_checks_returns': {
            'CR55': 'submission',
        },
        'rule_checks_refreshes': {
            'CR30': 'offence_code, recorded_on',
            'EQ01': 'crime_reference, status',
        },
        'rule_checks_volumes': {
            'CR56': 'recorded_on',
        },
        'rule_checks_months': {
            'MN01': 'recorded_on',
        },
        'rule_checks_mixes': {
            'CR57': 'offence_code',
        },
        'rule_checks_reconciliation': {
            'RC01': 'offence_code, recorded_on',
        },
        'rule_checks_waivers': {
            'WV01': 'rule, force, quarter, signed_by, expires',
        },
    }) }}
{% endmacro %}

{# The views that need readings or figures: an import of readings changes their results. #}
{% macro rule_checks_after_reading() %}
    {{ return({
        'rule_checks_readings': {
            'CR49': 'offenders, offence_code',
            'CR50': 'criterion',
        },
        'rule_checks_exploitation': {
            'CR45': 'cse_flag, offence_code',
        },
        'rule_checks_completeness': {
            'CR58': 'field',
        },
        'rule_checks_sums': {
            'CR59': 'breakdown',
        },
    }) }}
{% endmacro %}

{#
    The results of these views, in two kinds of rows: one for each rule, force and quarter with how many records were tested
    (`tested`), and one for each record and rule it breaks (`found`). Both come of one pass over each view, and the
    rules that a record breaks travel as one text, `CR03:several_victims CR38:no_victim`, made of the few records that break
    anything: a list of every rule's column cost 17 s of processor on 1.8 million crimes. Keys and code words only:
    no value of a record.
#}
{% macro rule_checks(views) -%}
with

rules as (
    select * from {{ ref('rules') }}
),

looked_at as (
    select * from (
        values
        {%- for view, columns in views.items() %}
        {%- set last_view = loop.last %}
        {%- for rule, fields in columns.items() %}
        ('{{ rule }}', '{{ fields }}'){{ ',' if not (last_view and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as looked_at (rule, fields)
),

{% for view, columns in views.items() -%}
checked_{{ view }} as (
    select
        *,
        case
            when {{ columns | map('lower') | join(" <> 'ok' or ") }} <> 'ok'
                then
                    concat_ws(
                        ' ',
                        {%- for rule in columns %}
                        case when {{ rule | lower }} <> 'ok' then '{{ rule }}:' || {{ rule | lower }} end
                        {{- ',' if not loop.last }}
                        {%- endfor %}
                    )
        end as broken
    from {{ ref(view) }}
),

seen_{{ view }} as (
    select
        force,
        quarter,
        {%- for rule in columns %}
        count({{ rule | lower }}) as {{ rule | lower }},
        {%- endfor %}
        {{ rows_where(
            ['submission', 'record_type', 'crime_reference', 'person_reference', 'broken'], 'broken is not null'
        ) }} as broken
    from checked_{{ view }}
    group by force, quarter
),

{% endfor -%}
tested as (
    {%- for view, columns in views.items() %}
    {%- set last_view = loop.last %}
    {%- for rule in columns %}
    select '{{ rule }}' as rule, force, quarter, {{ rule | lower }} as tested from seen_{{ view }}
    {%- if not (last_view and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

broken_records as (
    {%- for view in views %}
    select force, quarter, {{ rows_of('broken') }} from seen_{{ view }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

broken_rules as (
    select
        force,
        quarter,
        submission,
        record_type,
        crime_reference,
        person_reference,
        {{ each_word('broken') }} as broken
    from broken_records
),

findings as (
    select
        *,
        substr(broken, 1, 4) as rule,
        substr(broken, 6) as found
    from broken_rules
)

select
    cast(findings.rule as varchar) as rule,
    cast(
        case
            when '+' || coalesce(rules.only_reported, '') || '+' like '%+' || findings.found || '+%' then 'reported'
            else rules.severity
        end as varchar
    ) as severity,
    cast(findings.force as varchar) as force,
    cast(findings.quarter as varchar) as quarter,
    cast(findings.submission as integer) as submission,
    cast(findings.record_type as varchar) as record_type,
    cast(findings.crime_reference as varchar) as crime_reference,
    cast(findings.person_reference as varchar) as person_reference,
    cast(looked_at.fields as varchar) as fields,
    cast(findings.found as varchar) as found,
    cast(null as bigint) as tested
from findings
inner join looked_at
    on findings.rule = looked_at.rule
left join rules
    on findings.rule = rules.rule

union all

select rule, null, force, quarter, null, null, null, null, null, null, tested from tested
{%- endmacro %}

{# The counted flags of a person as further fields of a list. Not called `flags`: that is dbt's own, with full_refresh in it. #}
{% macro and_flags(person) -%}
    {%- for flag in counted_flags(person) %}, {{ flag }}{% endfor -%}
{%- endmacro %}

{# The counted flags as they came, beside persons of the CPAI, and the join for them where there are any. #}
{% macro sent_flags(person) -%}
    {%- for flag in counted_flags(person) %}sent.{{ flag }}, {% endfor -%}
{%- endmacro %}

{% macro sent_flags_join(person) -%}
    {%- if counted_flags(person) %}
    left join {{ ref('int_' ~ person ~ 's') }} as sent
        on {{ same_key('sent', person ~ 's', ['force', 'quarter', 'crime_reference', person ~ '_reference']) }}
    {%- endif -%}
{%- endmacro %}
