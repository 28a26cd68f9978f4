{#- Steps of findings and rule_results, and published as these alone. -#}
{{ config(schema='judgements') }}

{{ judged(judged_in_a_return()) }}
