with

-- counts that follow from what readers answered
read_figures as (
    select
        *,
        case when breakdown = 'criterion' then category else 'all' end as answer,
        case when breakdown = 'criterion' then scheme else 'any' end as answers
    from figures
    where
        unit = 'crime'
        and criterion = 'all'
        and numerator is not null
        and (
            (population = 'cocad' and breakdown in ('criterion', 'total'))
            or (breakdown = 'group_based' and category = 'yes')
        )
),

-- that a crime is group-based is an answer too, whatever the criterion
every_answer as (
    select scheme as answers, force, month, is_read, first_answer, settled_answer, crimes from settled_answers
    union all
    select
        'any' as answers,
        force,
        month,
        is_read,
        case when first_answer = 'not_group_based' then first_answer else 'all' end as first_answer,
        case when settled_answer = 'not_group_based' then settled_answer else 'all' end as settled_answer,
        crimes
    from settled_answers
    where scheme = '2023'
),

asked as (
    select distinct answers, answer from read_figures
),

-- of the sample that was read again: of those that said so first the settled answer is another, and the reverse
sampled as (
    select
        asked.answers,
        asked.answer,
        every_answer.first_answer = asked.answer as is_so,
        sum(every_answer.crimes) as drawn,
        sum(every_answer.crimes) filter (
            where (every_answer.settled_answer = asked.answer) <> (every_answer.first_answer = asked.answer)
        ) as moved
    from asked
    inner join every_answer
        on asked.answers = every_answer.answers
        and every_answer.is_read = 'drawn'
    group by asked.answers, asked.answer, every_answer.first_answer = asked.answer
),

read_once as (
    select
        asked.answers,
        asked.answer,
        dim_place.place_type,
        dim_place.place,
        dim_period.period_type,
        dim_period.period,
        every_answer.first_answer = asked.answer as is_so,
        sum(every_answer.crimes) as crimes
    from asked
    inner join every_answer
        on asked.answers = every_answer.answers
        and every_answer.is_read = 'once'
    inner join dim_place
        on every_answer.force = dim_place.force
    inner join dim_period
        on every_answer.month = dim_period.month
    group by all
),

-- n, k: crimes drawn, and moved by a second reading; m: crimes read once, that a second reading might move
moves as (
    select
        read_figures.figure_id,
        read_figures.scheme,
        read_figures.place_type,
        read_figures.place,
        read_figures.period_type,
        read_figures.period,
        ways.is_so,
        coalesce(read_once.crimes, 0)::double as m,
        coalesce(sampled.drawn, 0)::double as n,
        coalesce(sampled.moved, 0)::double as k
    from read_figures
    cross join (select unnest([true, false]) as is_so) as ways
    left join sampled
        on read_figures.answers = sampled.answers
        and read_figures.answer = sampled.answer
        and ways.is_so = sampled.is_so
    left join read_once
        on read_figures.answers = read_once.answers
        and read_figures.answer = read_once.answer
        and read_figures.place_type = read_once.place_type
        and read_figures.place = read_once.place
        and read_figures.period_type = read_once.period_type
        and read_figures.period = read_once.period
        and ways.is_so = read_once.is_so
),

-- how many of m would move: those counts whose share the score test does not tell from k of n, ends of a quadratic
quadratic as (
    select
        *,
        n * (n + m) + 1.96 * 1.96 * m as a,
        m * (2 * k * (n + m) + 1.96 * 1.96 * (n + m - 2 * k)) as b,
        m * k * (m * k * (n + m) / nullif(n, 0) - 1.96 * 1.96 * (n + m - k)) as c
    from moves
),

moving as (
    select
        *,
        case when m = 0 then 0 else m * k / nullif(n, 0) end as expected,
        case when m = 0 then 0 else (b - sqrt(greatest(b * b - 4 * a * c, 0))) / (2 * a) end as least,
        case when m = 0 then 0 else (b + sqrt(greatest(b * b - 4 * a * c, 0))) / (2 * a) end as most
    from quadratic
),

-- what leaves a count and what joins it, squared and added (MOVER)
misread as (
    select
        figure_id,
        scheme,
        place_type,
        place,
        period_type,
        period,
        cast(sum(m) as bigint) as not_checked,
        sum(case when is_so then -expected else expected end) as change,
        sqrt(sum(power(case when is_so then most - expected else expected - least end, 2))) as below,
        sqrt(sum(power(case when is_so then expected - least else most - expected end, 2))) as above,
        sum(m) filter (where is_so) as could_leave,
        sum(m) filter (where not is_so) as could_join,
        -- without a sample there is nothing to go by
        bool_and(m = 0 or n > 0) as is_measured
    from moving
    group by figure_id, scheme, place_type, place, period_type, period
),

-- crimes with no reason to be read: quarters are drawn apart, so a year's ends are added as squares too
missed as (
    select
        dim_period.period_type,
        dim_period.period,
        cast(sum(recall_estimates.crimes - recall_estimates.drawn) as bigint) as not_checked,
        sum(recall_estimates.missed) as change,
        sqrt(sum(power(recall_estimates.missed - recall_estimates.missed_low, 2))) as below,
        sqrt(sum(power(recall_estimates.missed_high - recall_estimates.missed, 2))) as above,
        count(recall_estimates.missed) = count(*) as is_measured
    from (select distinct period_type, period, quarter from dim_period where period_type <> 'month') as dim_period
    left join recall_estimates
        on dim_period.quarter = recall_estimates.quarter
    group by dim_period.period_type, dim_period.period
),

errors as (
    select
        read_figures.*,
        'misread' as error,
        misread.not_checked,
        misread.change,
        greatest(misread.change - misread.below, -misread.could_leave) as least_change,
        least(misread.change + misread.above, misread.could_join) as most_change
    from read_figures
    inner join misread
        on read_figures.figure_id = misread.figure_id
        and read_figures.scheme = misread.scheme
        and read_figures.place_type = misread.place_type
        and read_figures.place = misread.place
        and read_figures.period_type = misread.period_type
        and read_figures.period = misread.period
        and misread.is_measured

    union all

    select
        read_figures.*,
        'not_read' as error,
        missed.not_checked,
        missed.change,
        missed.change - missed.below as least_change,
        missed.change + missed.above as most_change
    from read_figures
    inner join missed
        on read_figures.period_type = missed.period_type
        and read_figures.period = missed.period
        and read_figures.answer = 'all'
        and read_figures.place_type = 'national'
        and missed.is_measured
)

select
    figure_id,
    scheme,
    place_type,
    place,
    period_type,
    period,
    error,
    numerator,
    not_checked,
    round(numerator + change, 1) as estimate,
    cast(floor(numerator + least_change + 1e-6) as bigint) as low,
    cast(ceil(numerator + most_change - 1e-6) as bigint) as high,
    round(100.0 * low / nullif(denominator, 0), 1) as percent_low,
    round(100.0 * high / nullif(denominator, 0), 1) as percent_high
from errors
