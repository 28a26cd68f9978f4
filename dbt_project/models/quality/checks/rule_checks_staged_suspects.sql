{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged suspect beside the rules about its record. How to read a rule's column: macros/rule_checks.sql.
-- Persons of excluded crimes are here too: what cannot be read of them may be the reason.
{{ checked_persons('suspect', merged='me03', unreadable='ur03') }}
