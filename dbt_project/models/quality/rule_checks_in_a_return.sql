{#- Steps of findings and rule_results, and published as these alone. -#}
{{ config(schema='rule_checks') }}

{{ rule_checks(rule_checks_in_a_return()) }}
