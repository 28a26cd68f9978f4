{#- Steps of findings and rule_results, and published as these alone. -#}
{{ config(schema='rule_checks', materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}

{{ rule_checks(rule_checks_after_reading()) }}
