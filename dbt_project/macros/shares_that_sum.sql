{#
    Percentages from counts, by the two roundings the publication uses. All arithmetic is on whole numbers, so a tie is
    a tie: as a double, 72 of 2,058 and its neighbours can fall on either side of a half.

    `shares_that_sum` gives whole percentages of one exhaustive split that add up to 100 (largest remainder, Hamilton):
    each share is rounded down, and the percentages left over go one each to the largest remainders; on equal remainders
    to the larger count, then by `sort_order`. Plain rounding cannot give the printed splits: 26/17/9/0/39/9 and
    40/28/26/6 need it. It works only where the counts of `partition_by` sum to `denominator`; a data test checks that.

    `half_up` gives a share that stands alone, to `decimals` places, halves up.

    Both are null when the denominator is 0 or null.
#}
{% macro shares_that_sum(numerator, denominator, partition_by, sort_order) -%}
    (
        floor(100.0 * {{ numerator }} / nullif({{ denominator }}, 0))
        + case
            when row_number() over (
                partition by {{ partition_by }}
                order by
                    (100 * {{ numerator }}) % nullif({{ denominator }}, 0) desc,
                    {{ numerator }} desc,
                    {{ sort_order }}
            ) <= 100 - sum(floor(100.0 * {{ numerator }} / nullif({{ denominator }}, 0))) over (
                partition by {{ partition_by }}
            ) then 1
            else 0
        end
    )
{%- endmacro %}

{% macro half_up(numerator, denominator, decimals=0) -%}
    {%- set scale = 10 ** decimals -%}
    (
        floor(({{ 200 * scale }}.0 * {{ numerator }} + {{ denominator }}) / nullif(2.0 * {{ denominator }}, 0))
        / {{ scale }}
    )
{%- endmacro %}
