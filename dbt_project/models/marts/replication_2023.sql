with

published as (
    select * from {{ ref('published_2023') }}
),

figures as (
    select *
    from {{ ref('figures') }}
    where place_type = 'national' and period_type = 'year' and period = '2023' and scheme = '2023'
),

beside as (
    select
        published.figure_id,
        published.page,
        published.numerator as published_numerator,
        published.denominator as published_denominator,
        published.printed_percent,
        published.exact_percent,
        published.printed_agrees,
        published.certainty,
        published.note,
        figures.numerator,
        figures.denominator,
        figures.percent,
        figures.percent_rounding,
        figures.status as figure_status,
        {{ half_up('figures.numerator', 'figures.denominator') }} as percent_half_up
    from published
    left join figures
        on published.figure_id = figures.figure_id
),

compared as (
    select
        *,
        case
            when published_numerator is not null
                then coalesce(
                    numerator = published_numerator
                    and (published_denominator is null or denominator = published_denominator),
                    false
                )
        end as counts_agree,
        case
            when printed_percent is not null
                then coalesce(percent = printed_percent, false)
        end as percent_agrees_with_print
    from beside
),

with_status as (
    select
        *,
        case
            when published_numerator is null
                then
                    case
                        when percent_agrees_with_print
                            and coalesce(denominator = published_denominator, published_denominator is null)
                            then 'percent only'
                        else 'differs'
                    end
            when not counts_agree then 'differs'
            when printed_agrees = 'no' then 'agrees, publication erratum'
            when not percent_agrees_with_print then 'differs'
            else 'agrees'
        end as status
    from compared
)

select
    figure_id,
    cast(page as integer) as page,
    cast(published_numerator as bigint) as published_numerator,
    cast(published_denominator as bigint) as published_denominator,
    cast(printed_percent as decimal(4, 1)) as printed_percent,
    numerator,
    denominator,
    percent,
    percent_rounding,
    counts_agree,
    percent_agrees_with_print,
    certainty,
    status,
    case
        when figure_status = 'withheld'
            then 'withheld: readers agree too little on the criterion'
        when numerator is null
            then 'no figure of this id was computed'
        when status = 'agrees, publication erratum' and percent_agrees_with_print
            then
                cast(cast(exact_percent as decimal(5, 2)) as varchar) || '% alone rounds to '
                || cast(cast(percent_half_up as integer) as varchar) || '; printed '
                || cast(cast(printed_percent as integer) as varchar)
                || ' because the split was made to sum to 100 (largest remainder)'
        when status = 'agrees, publication erratum'
            then
                cast(cast(exact_percent as decimal(5, 2)) as varchar) || '% rounds to '
                || cast(cast(percent_half_up as integer) as varchar) || ' by either rounding; the printed '
                || cast(cast(printed_percent as integer) as varchar) || ' is a slip of the publication'
        when status = 'percent only'
            then 'only the percentage is printed; the numerator has nothing to be compared with'
        when status = 'differs' and not coalesce(counts_agree, true)
            then 'the counts differ from the published ones'
        when status = 'differs'
            then 'the percentage differs from the printed one'
        when printed_percent is null and published_denominator is not null
            then 'no percentage is printed'
    end as explanation,
    note as source_note
from with_status
