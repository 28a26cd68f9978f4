{#
    The ends of the 95% interval of a share by Wilson's formula, `part` of `whole`: it is right for few persons and for
    shares near 0 and 1, where the usual interval leaves the scale. 1.96 standard errors; null where `whole` is 0.
#}
{% macro wilson_low(part, whole) -%}
    {{ wilson_end(part, whole, '-') }}
{%- endmacro %}

{% macro wilson_high(part, whole) -%}
    {{ wilson_end(part, whole, '+') }}
{%- endmacro %}

{% macro wilson_end(part, whole, sign) -%}
    (
        {{ part }} + 1.96 * 1.96 / 2
        {{ sign }} 1.96 * sqrt(1.0 * {{ part }} * ({{ whole }} - {{ part }}) / nullif({{ whole }}, 0) + 1.96 * 1.96 / 4)
    ) / ({{ whole }} + 1.96 * 1.96)
{%- endmacro %}
