-- No count is negative or above its base; a percentage is there exactly when there is a base other than 0, within one
-- of the exact share, and named after the rounding that the definition of the published figure asks for.
select
    figures.figure_id,
    figures.place_type,
    figures.place,
    figures.period,
    figures.numerator,
    figures.denominator,
    figures.percent,
    figures.percent_rounding
from {{ ref('figures') }} as figures
left join {{ ref('figure_definitions') }} as figure_definitions
    on figures.figure_id = figure_definitions.figure_id
where
    -- a withheld figure has no numbers at all, any other at least a count
    (figures.status = 'withheld') <> (figures.numerator is null)
    or figures.numerator < 0
    or figures.numerator > figures.denominator
    or (figures.percent is not null) <> (coalesce(figures.denominator, 0) > 0)
    or (figures.status <> 'withheld' and (figures.percent_rounding is null) <> (figures.denominator is null))
    or abs(figures.percent - 100.0 * figures.numerator / nullif(figures.denominator, 0)) >= 1
    or (
        figure_definitions.figure_id is not null
        and coalesce(figures.percent_rounding, 'count') <> coalesce(figure_definitions.percent_rounding, 'count')
    )
