{#- The criterion under which each scheme counts a reader's answer: the one home of the schemes in SQL. -#}

with

criteria as (
    select * from {{ ref('criteria') }}
),

schemes as (
    select
        scheme,
        row_number() over (order by min(from_quarter)) as scheme_number,
        max(case when criterion = 'committed_by_children' then 1 else 0 end) = 1 as children_first
    from criteria
    group by scheme
),

-- committed by children is not an answer to the question for the criterion
answers as (
    select
        criterion as criterion_read,
        max(counts_as) as counts_as
    from criteria
    where criterion <> 'committed_by_children'
    group by criterion
),

counted as (
    select
        schemes.scheme,
        schemes.scheme_number,
        answers.criterion_read,
        by_children.by_children,
        case
            when schemes.children_first and by_children.by_children then 'committed_by_children'
            -- a scheme without it counts it as the seed has it
            else coalesce(criteria.criterion, answers.counts_as)
        end as criterion
    from schemes
    cross join answers
    cross join (values (true), (false)) as by_children (by_children)
    left join criteria
        on schemes.scheme = criteria.scheme
        and answers.criterion_read = criteria.criterion
)

select
    scheme,
    cast(scheme_number as integer) as scheme_number,
    case when scheme_number = 1 then 'criterion' else 'criterion_' || scheme end as question,
    criterion_read,
    by_children,
    criterion,
    -- the figures of one criterion are under the first scheme that has it
    criterion <> 'committed_by_children'
    and scheme_number = min(scheme_number) over (partition by criterion) as has_own_figures
from counted
