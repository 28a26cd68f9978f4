{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- How many records of a return each rule tested: what a force's own check weighs its findings by.

{{ rules_tested(judged_in_a_return()) }}
