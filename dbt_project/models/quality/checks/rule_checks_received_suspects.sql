{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The suspects of a return beside the rule that they can be used. How to read its column: macros/rule_checks.sql.

{{ received_records('suspects', 'ho03', {
    'RE01': 'no_reference',
    'RE04': 'crime_not_in_return',
}) }}
