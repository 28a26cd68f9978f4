{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The crimes of a return beside the rule that they can be used. How to read its column: macros/rule_checks.sql.

{{ received_records('crimes', 'ho01', {
    'RE01': 'no_reference',
    'RE02': 'no_code_date_or_status',
    'RE03': 'unreadable_recorded_date',
    'RE05': 'two_crimes_under_one_reference',
}) }}
