with

-- counts that follow from what readers answered: crimes, and the persons on them
read_figures as (
    select
        *,
        case
            when breakdown = 'criterion' then category
            when criterion = 'committed_by_children_any' then 'committed_by_children'
            else criterion
        end as answer,
        case
            when breakdown = 'criterion' then scheme
            when criterion = 'all' then 'any'
            when criterion = 'committed_by_children_any' then
                (select min(scheme) from {{ ref('figures') }} where category = 'committed_by_children')
            else scheme
        end as answers
    from {{ ref('figures') }}
    where
        numerator is not null
        and (
            -- committed by children within other is an answer of neither scheme
            (population = 'cocad' and breakdown in ('criterion', 'total') and criterion <> 'committed_by_children')
            or (breakdown = 'group_based' and category = 'yes')
        )
),

asked as (
    select distinct unit, answers, answer from read_figures
),

-- that a crime is group-based is an answer too, whatever the criterion. Each column by name: DuckDB keeps those of a
-- `replace` in any order, and no two releases would have the same view
every_answer as (
    select
        scheme as answers,
        force,
        month,
        is_read,
        first_answer,
        settled_answer,
        crimes,
        victims,
        suspects
    from {{ ref('settled_answers') }}
    union all
    select
        'any' as answers,
        force,
        month,
        is_read,
        case when first_answer = 'not_group_based' then first_answer else 'all' end as first_answer,
        case when settled_answer = 'not_group_based' then settled_answer else 'all' end as settled_answer,
        crimes,
        victims,
        suspects
    from {{ ref('settled_answers') }}
    where scheme = '{{ var('first_scheme') }}'
),

-- a crime weighs what it counts: one, its victims or its suspects
weighed as (
    select
        *,
        unnest(['crime', 'victim', 'suspect']) as unit,
        unnest([1, victims, suspects]) as weight
    from every_answer
    where is_read <> 'called_for'
),

answered as (
    select
        weighed.unit,
        weighed.answers,
        asked.answer,
        weighed.force,
        weighed.month,
        weighed.is_read,
        weighed.first_answer = asked.answer as is_so,
        sum(weighed.crimes * weighed.weight) as counted,
        sum(weighed.crimes * weighed.weight * weighed.weight) as squares,
        coalesce(
            sum(weighed.crimes * weighed.weight) filter (
                where (weighed.settled_answer = asked.answer) <> (weighed.first_answer = asked.answer)
            ),
            0
        ) as moved
    from weighed
    inner join asked
        on weighed.unit = asked.unit
        and weighed.answers = asked.answers
    where weighed.weight > 0
    group by all
),

drawn as (
    select unit, answers, answer, force, is_so, sum(counted) as counted, sum(squares) as squares, sum(moved) as moved
    from answered
    where is_read = 'drawn'
    group by unit, answers, answer, force, is_so
),

-- of each place, what was drawn in it and what was drawn elsewhere
drawn_around as (
    select
        places.place_type,
        places.place,
        drawn.unit,
        drawn.answers,
        drawn.answer,
        drawn.is_so,
        own_forces.force is not null as is_own,
        -- persons of a crime move together: they count as so many crimes of one person each (Kish)
        power(sum(drawn.counted), 2) / sum(drawn.squares) as crimes,
        sum(drawn.moved) / sum(drawn.counted) as share
    from drawn
    cross join (select distinct place_type, place from {{ ref('dim_place') }}) as places
    left join {{ ref('dim_place') }} as own_forces
        on drawn.force = own_forces.force
        and places.place_type = own_forces.place_type
        and places.place = own_forces.place
    group by all
),

-- what was drawn elsewhere counts too, but as so many crimes at most: few are drawn in one force
sampled as (
    select
        place_type,
        place,
        unit,
        answers,
        answer,
        is_so,
        sum(taken) as n,
        sum(taken * share) as k,
        coalesce(sum(taken) filter (where is_own), 0) as own
    from (
        select
            *,
            case
                when is_own then crimes
                else least(crimes, {{ seed_value('publication/interval_policy.csv', 'drawn_elsewhere') }})
            end as taken
        from drawn_around
    ) as drawn_around
    group by place_type, place, unit, answers, answer, is_so
),

read_once as (
    select
        answered.unit,
        answered.answers,
        answered.answer,
        answered.is_so,
        dim_place.place_type,
        dim_place.place,
        dim_period.period_type,
        dim_period.period,
        sum(answered.counted) as counted,
        sum(answered.squares) / sum(answered.counted) as a_crime
    from answered
    inner join {{ ref('dim_place') }} as dim_place
        on answered.force = dim_place.force
    inner join {{ ref('dim_period') }} as dim_period
        on answered.month = dim_period.month
    where answered.is_read = 'once'
    group by all
),

-- n, k: crimes drawn, and moved by a second reading; m: crimes read once, which it may move, of `a_crime` persons each
moves as (
    select
        read_figures.*,
        ways.is_so,
        coalesce(read_once.counted, 0)::double as not_checked,
        coalesce(read_once.a_crime, 1)::double as a_crime,
        not_checked / a_crime as m,
        coalesce(sampled.n, 0)::double as n,
        coalesce(sampled.k, 0)::double as k,
        coalesce(sampled.own, 0)::double as own
    from read_figures
    cross join (select unnest([true, false]) as is_so) as ways
    left join sampled
        on read_figures.unit = sampled.unit
        and read_figures.answers = sampled.answers
        and read_figures.answer = sampled.answer
        and read_figures.place_type = sampled.place_type
        and read_figures.place = sampled.place
        and ways.is_so = sampled.is_so
    left join read_once
        on read_figures.unit = read_once.unit
        and read_figures.answers = read_once.answers
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
        case when m = 0 then 0 else a_crime * m * k / nullif(n, 0) end as expected,
        case when m = 0 then 0 else a_crime * (b - sqrt(greatest(b * b - 4 * a * c, 0))) / (2 * a) end as least,
        case when m = 0 then 0 else a_crime * (b + sqrt(greatest(b * b - 4 * a * c, 0))) / (2 * a) end as most
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
        numerator,
        denominator,
        'misread' as error,
        'score'
        || case when unit = 'crime' then '' else ', effective size' end
        || case when place_type = 'national' then '' else ', pooled' end as method,
        round(sum(own) / nullif(sum(n), 0), 2) as own_weight,
        cast(sum(not_checked) as bigint) as not_checked,
        sum(case when is_so then -expected else expected end) as change,
        greatest(
            change - sqrt(sum(power(case when is_so then most - expected else expected - least end, 2))),
            -coalesce(sum(not_checked) filter (where is_so), 0)
        ) as least_change,
        least(
            change + sqrt(sum(power(case when is_so then expected - least else most - expected end, 2))),
            coalesce(sum(not_checked) filter (where not is_so), 0)
        ) as most_change
    from moving
    group by figure_id, scheme, unit, place_type, place, period_type, period, numerator, denominator
    -- without a sample there is nothing to go by
    having bool_and(m = 0 or n > 0)
),

-- crimes with no reason to be read: quarters are drawn apart, so a year's ends are added as squares too
missed as (
    select
        dim_period.period_type,
        dim_period.period,
        cast(sum(recall_estimates.crimes - recall_estimates.drawn) as bigint) as not_checked,
        sum(recall_estimates.missed) as change,
        sqrt(sum(power(recall_estimates.missed - recall_estimates.missed_low, 2))) as below,
        sqrt(sum(power(recall_estimates.missed_high - recall_estimates.missed, 2))) as above
    from (
        select distinct period_type, period, quarter
        from {{ ref('dim_period') }}
        where period_type <> 'month'
    ) as dim_period
    left join {{ ref('recall_estimates') }} as recall_estimates
        on dim_period.quarter = recall_estimates.quarter
    group by dim_period.period_type, dim_period.period
    having count(recall_estimates.missed) = count(*)
),

errors as (
    select * from misread
    union all by name
    select
        read_figures.figure_id,
        read_figures.scheme,
        read_figures.place_type,
        read_figures.place,
        read_figures.period_type,
        read_figures.period,
        read_figures.numerator,
        read_figures.denominator,
        'not_read' as error,
        'wilson' as method,
        1 as own_weight,
        missed.not_checked,
        missed.change,
        missed.change - missed.below as least_change,
        missed.change + missed.above as most_change
    from read_figures
    inner join missed
        on read_figures.period_type = missed.period_type
        and read_figures.period = missed.period
    where read_figures.unit = 'crime' and read_figures.answers = 'any' and read_figures.place_type = 'national'
)

select
    figure_id,
    scheme,
    place_type,
    place,
    period_type,
    period,
    error,
    method,
    own_weight,
    numerator,
    not_checked,
    round(numerator + change, 1) as estimate,
    cast(floor(numerator + least_change + 1e-6) as bigint) as low,
    cast(ceil(numerator + most_change - 1e-6) as bigint) as high,
    round(100.0 * low / nullif(denominator, 0), 1) as percent_low,
    round(100.0 * high / nullif(denominator, 0), 1) as percent_high
from errors
