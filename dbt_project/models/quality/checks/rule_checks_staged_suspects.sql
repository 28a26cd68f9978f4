{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged suspect beside the rules about its record: macros/rule_checks.sql says how to read a rule's column.
-- Persons of crimes that are left out too, for what cannot be read of them may be why.
{{ checked_persons('suspect', merged='me03', unreadable='ur03') }}
