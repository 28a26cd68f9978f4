{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The victims of a return beside the rule that they can be used. How to read its column: macros/rule_checks.sql.

{{ received_records('victims', 'ho02', {
    'RE01': 'no_reference',
    'RE04': 'crime_not_in_return',
}) }}
