-- The 2023 publication printed 201 of 521 as 39% on one page and as 38% on another.
select
    numerator,
    denominator,
    percent_rounding,
    count(distinct percent) as different_percents
from {{ ref('figures') }}
where percent_rounding <> 'largest_remainder'
group by numerator, denominator, percent_rounding
having count(distinct percent) > 1
