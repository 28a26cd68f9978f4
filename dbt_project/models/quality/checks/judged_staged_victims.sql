{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged victim beside the rules about its record: macros/judged_rules.sql says how to read a rule's column.
-- Persons of crimes that are left out too, for what cannot be read of them may be why.
{{ judged_persons('victim', merged='me02', unreadable='ur02') }}
