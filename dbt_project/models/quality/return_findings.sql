{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- What a return alone shows: a force's own check builds this and nothing that needs other returns.

{{ findings_of(judged_in_a_return()) }}
