{#
    Where each record rule is judged: view -> rule -> the fields it looks at. In the view the rule is a column of the
    same name in lower case: null where the record is not tested, 'ok' where it keeps the rule, else the word for what
    was found. Counting the column gives the tested records, so a rule cannot say it tested what it did not look at.
    A rule stands in one view only.
#}
{% macro judged_rules() %}
    {{ return({
        'judged_crimes': {
            'CR01': 'crime_reference',
            'CR09': 'recorded_on',
            'CR11': 'committed_from, committed_to, reported_on, recorded_on, outcome_on',
            'CR13': 'committed_from, committed_to',
            'CR14': 'offence_code, age_at_offence',
            'CR17': 'offence_code, age_at_offence',
            'CR25': 'status, cancellation_code',
            'CR26': 'cancellation_code',
            'CR28': 'cancellation_code, linked_crime_reference',
            'CR34': 'offence_code, recorded_on',
            'CR36': 'offence_code',
            'CR37': 'offence_code',
            'CR41': 'offence_code',
            'CR46': 'cse_flag, age_at_offence',
            'UM01': 'offence_code, status, cancellation_code, csa_flag, cse_flag, online_flag, children_flag, '
                ~ 'location_type, outcome_code',
            'UR01': 'reported_on, committed_from, committed_to, cancelled_on, outcome_on, offenders_stated',
            'XL01': 'offence_code',
        },
        'judged_cpai_crimes': {
            'CR02': 'crime_reference, recorded_on',
            'CR12': 'committed_to, reported_on, recorded_on',
            'CR23': 'offence_code',
            'CR35': 'offence_code, recorded_on, offenders_stated',
            'CR43': 'offence_code',
        },
        'judged_victims': {
            'CR15': 'offence_code, age_at_offence',
            'CR16': 'offence_code, age_at_offence',
            'CR18': 'offence_code, age_at_offence',
            'CR19': 'offence_code, gender',
            'UM02': 'gender, self_defined_ethnicity, observed_ethnicity, disability',
        },
        'judged_suspects': {
            'UM03': 'gender, self_defined_ethnicity, observed_ethnicity, disability, relationship, role',
        },
        'judged_readings': {
            'CR49': 'offenders, offence_code',
            'CR50': 'criterion',
        },
        'judged_returns': {
            'CR55': 'submission',
        },
        'judged_completeness': {
            'CR58': 'field',
        },
        'judged_sums': {
            'CR59': 'breakdown',
        },
        'judged_waivers': {
            'WV01': 'rule, force, quarter, signed_by, expires',
        },
    }) }}
{% endmacro %}
