{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The crimes of a return beside the rule that they can be used: macros/judged_rules.sql says how to read a rule's column.

{{ received_records('crimes', 'ho01') }}
