{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The victims of a return beside the rule that they can be used: macros/rule_checks.sql says how to read its column.

{{ received_records('victims', 'ho02', {
    'RE01': 'no_reference',
    'RE04': 'crime_not_in_return',
}) }}
