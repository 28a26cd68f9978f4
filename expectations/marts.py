"""Are the published figures consistent? Sums, roundings and identities between tables.

The 2023 publication printed one figure in two ways and percentages that contradict its own counts; a national report of
2024 printed the victims' ethnicity table a second time as the suspects'. Each has its rule here.
"""

# ruff: noqa: S608 -- SQL is put together from this package's own words, never from data

from math import log

from expectations.expected import (
    ALIKE,
    Expected,
    Table,
    between,
    by_chance,
    has_rows,
    in_set,
    not_null,
    rows,
    texts,
    within_tolerance,
)
from orchestration import schemes

TABLE = ("unit", "population", "criterion", "breakdown", "scheme", "place", "period")
FIGURE = ("figure_id", "place", "period")

FIGURES = Table(
    "marts.figures",
    (
        "figure_id",
        "unit",
        "population",
        "criterion",
        "breakdown",
        "category",
        "place_type",
        "place",
        "period_type",
        "period",
        "numerator",
        "denominator",
        "percent",
        "percent_rounding",
        "scheme",
        "status",
    ),
    FIGURE,
    period="period",
)

READ = list(schemes.ever_chosen())  # one of them to a crime
ALIKE_PERSONS = 1e-4

# exact by whole numbers: as a double, a half can fall on either side
HALF_UP = "(200 * numerator + denominator) // nullif(2 * denominator, 0)"
HALF_UP_ONE_DECIMAL = "((2000 * numerator + denominator) // nullif(2 * denominator, 0)) / 10.0"


def expected(period: str | None, quarters: list[str] | None) -> list[Expected]:
    """The child-subset consistency of CR59, and MT01 to MT09."""
    return [
        has_rows(FIGURES),
        *(not_null(FIGURES, column) for column in ("figure_id", "status")),
        in_set(FIGURES, "status", {"published", "caveat", "withheld"}),
        rows("TB01", FIGURES, _numbers_and_status(), FIGURE),
        in_set(FIGURES, "unit", {"crime", "victim", "suspect"}),
        in_set(FIGURES, "place_type", {"national", "region", "force"}),
        in_set(FIGURES, "period_type", {"month", "quarter", "year"}),
        in_set(
            FIGURES, "percent_rounding", {"half_up", "half_up_one_decimal", "largest_remainder"}, rule="MT05"
        ),
        between(FIGURES, "numerator", 0, None, rule="MT07"),
        between(FIGURES, "denominator", 0, None, rule="MT07"),
        between(FIGURES, "percent", 0, 100, rule="MT07"),
        rows(
            "MT07",
            FIGURES,
            "select figure_id, place, period from {batch} where numerator > denominator",
            FIGURE,
        ),
        rows("MT01", FIGURES, _parts(), TABLE),
        rows("MT02", FIGURES, _periods("year", "quarter"), FIGURE),
        rows("MT02", FIGURES, _periods("quarter", "month"), FIGURE),
        rows("MT03", FIGURES, _places(), FIGURE),
        rows("MT04", FIGURES, _same_tables(), ("printed", "printed_again")),
        rows("MT05", FIGURES, _percentages(), FIGURE),
        rows("MT05", FIGURES, _largest_remainders(), TABLE),
        rows("MT05", FIGURES, _rounded_otherwise(), FIGURE),
        rows("MT06", FIGURES, _two_prints(), ("place", "period", "numerator", "denominator")),
        rows("MT08", FIGURES, _wide_bands(), FIGURE),
        rows("MT09", FIGURES, _recounted(), ("population", "unit", "place", "period")),
        within_tolerance("CR59"),
    ]


def _numbers_and_status() -> str:
    """Withheld figures that show a number, and others without a count."""
    return """
        select figure_id, place, period
        from {batch}
        where
            case status
                when 'withheld' then coalesce(numerator, denominator, percent) is not null
                else numerator is null
            end
    """


def _parts() -> str:
    """Exhaustive splits whose parts are not their base, or whose whole percentages are not 100."""
    split = ", ".join(f"figures.{column}" for column in TABLE)
    return f"""
        select {split}
        from (select * from {{batch}}) as figures
        inner join reference.breakdowns as breakdowns
            on figures.population = breakdowns.population
            and figures.unit = breakdowns.unit
            and figures.breakdown = breakdowns.breakdown
            and breakdowns.exhaustive = 'Y'
        group by {split}
        having sum(figures.numerator) is distinct from max(figures.denominator)
            or min(figures.denominator) <> max(figures.denominator)
            or (
                max(figures.percent_rounding) = 'largest_remainder'
                and max(figures.denominator) > 0
                and sum(figures.percent) is distinct from 100
            )
    """


def _periods(whole: str, part: str) -> str:
    """Figures of the longer period that are not the sum of the shorter ones, where a table has those.

    Where one of them is withheld there is nothing to add up.
    Months are only given for the published figures and those of the whole COCAD.
    """
    inside = "substr(period, 1, 4)"
    if part == "month":
        quarter = "substr(period, 1, 4) || '-Q' || cast((cast(substr(period, 6, 2) as integer) + 2) // 3 as varchar)"
        inside = f"case period_type when 'month' then {quarter} else period end"
    table = "unit, population, criterion, breakdown, scheme"
    return f"""
        with figures as (select * from {{batch}} where period_type in ('{whole}', '{part}'))
        select figure_id, place, {inside} as period
        from figures
        semi join (select distinct {table} from figures where period_type = '{part}') as given
            using ({table})
        group by figure_id, scheme, place, {inside}
        having count(*) filter (where period_type = '{whole}') > 0
            and count(*) filter (where status = 'withheld') = 0
            and {_differ("period_type", whole, part)}
    """


def _places() -> str:
    """National and regional figures that are not the sum of their forces'."""
    return f"""
        with figures as (select * from {{batch}})
        select figure_id, 'England and Wales' as place, period
        from figures
        where place_type in ('national', 'force')
        group by figure_id, scheme, period
        having {_differ("place_type", "national", "force")}
        union all
        select figure_id, region as place, period
        from (
            select figures.*, coalesce(forces.region, figures.place) as region
            from figures
            left join reference.forces as forces
                on figures.place = forces.force
            where figures.place_type in ('region', 'force')
        )
        group by figure_id, scheme, region, period
        having {_differ("place_type", "region", "force")}
    """


def _differ(column: str, whole: str, part: str) -> str:
    """True of a group in which the row of `whole` is not the sum of the rows of `part`."""
    differences = " or ".join(
        f"coalesce(max({count}) filter (where {column} = '{whole}'), 0)"
        f" <> coalesce(sum({count}) filter (where {column} = '{part}'), 0)"
        for count in ("numerator", "denominator")
    )
    return f"({differences})"


def _same_tables() -> str:
    """Two tables with the same numbers in every cell, though chance would not make them so.

    It compares tables of one kind of place and period about other records: persons of the other unit, another place,
    period or reading. Tables about the same records (all and one criterion, both schemes, CPAI and contact) may be
    equal. Victims and suspects of one place, period and breakdown make few pairs: 1 in 10,000 is enough.
    """
    identity = ", ".join(TABLE)
    apart = " or ".join(f"one.{column} <> other.{column}" for column in ("unit", "place", "period"))
    like = " and ".join(f"one.{column} = other.{column}" for column in TABLE[1:])

    def named(table: str) -> str:
        return " || ' ' || ".join(f"{table}.{column}" for column in TABLE)

    return f"""
        with tables as (
            select
                {identity}, place_type, period_type,
                count(*) as filled,
                sum(numerator) as counted,
                {by_chance("numerator")} as rarity,
                sum(hash(category, numerator)) as cells
            from (select * from {{batch}})
            -- a force has few crimes in a month; quarters and months of a table are its periods
            where numerator > 0 and breakdown not in ('quarter', 'month')
                and not (place_type = 'force' and period_type = 'month')
            group by {identity}, place_type, period_type
            having count(*) > 1 and rarity > {-log(ALIKE_PERSONS)}
        )
        select {named("one")} as printed, {named("other")} as printed_again
        from tables as one
        inner join tables as other
            on one.cells = other.cells
            and one.filled = other.filled
            and one.counted = other.counted
            and one.place_type = other.place_type
            and one.period_type = other.period_type
            and {named("one")} < {named("other")}
        where (
            one.rarity > {-log(ALIKE)}
            and (
                {apart}
                or (
                    one.criterion <> other.criterion
                    and one.criterion in ({texts(READ)})
                    and other.criterion in ({texts(READ)})
                )
            )
        )
        or (one.unit <> other.unit and {like} and one.place_type = 'national')
    """


def _percentages() -> str:
    """Percentages that do not follow from their counts, are missing, or have no base."""
    return f"""
        select figure_id, place, period
        from {{batch}}
        where (percent is null) <> (coalesce(denominator, 0) = 0 or percent_rounding is null)
            or (percent_rounding = 'half_up' and percent <> {HALF_UP})
            or (percent_rounding = 'half_up_one_decimal' and abs(percent - {HALF_UP_ONE_DECIMAL}) > 0.001)
            or (
                percent_rounding = 'largest_remainder'
                and percent not in (
                    (100 * numerator) // nullif(denominator, 0),
                    (100 * numerator + denominator - 1) // nullif(denominator, 0)
                )
            )
    """


def _rounded_otherwise() -> str:
    """Figures whose share is printed without a named rounding, or published ones not rounded as defined."""
    return """
        select figures.figure_id, figures.place, figures.period
        from (select * from {batch}) as figures
        left join reference.figure_definitions as definitions
            on figures.figure_id = definitions.figure_id
        where (
            figures.status <> 'withheld'
            and (figures.percent_rounding is null) <> (figures.denominator is null)
        )
        or (
            definitions.figure_id is not null
            and coalesce(figures.percent_rounding, 'count') <> coalesce(definitions.percent_rounding, 'count')
        )
    """


def _largest_remainders() -> str:
    """Splits in which a share was rounded up past another with a larger remainder."""
    listed = ", ".join(TABLE)
    return f"""
        select {listed}
        from (
            select
                {listed},
                (100 * numerator) % nullif(denominator, 0) as remainder,
                percent > (100 * numerator) // nullif(denominator, 0) as is_up
            from (select * from {{batch}})
            where percent_rounding = 'largest_remainder' and denominator > 0
        )
        group by {listed}
        having min(remainder) filter (where is_up) < max(remainder) filter (where not is_up)
    """


def _two_prints() -> str:
    """The same counts under the same rounding with two percentages, and one figure printed twice with two."""
    return """
        with figures as (select * from {batch} where numerator > 0 and denominator > 0)
        select place, period, numerator, denominator
        from figures
        where percent_rounding <> 'largest_remainder'
        group by place, period, numerator, denominator, percent_rounding
        having count(distinct percent) > 1
        union
        select place, period, numerator, denominator
        from figures
        where percent_rounding = 'largest_remainder'
        group by
            place, period, numerator, denominator, unit, population, criterion, breakdown, category, scheme
        having count(distinct percent) > 1
    """


def _wide_bands() -> str:
    """Wide age bands that are not the sum of the bands inside them."""
    return """
        with figures as (select * from {batch} where breakdown in ('age_band', 'age_band_wide'))
        select whole.figure_id, whole.place, whole.period
        from figures as whole
        inner join reference.age_bands as wide
            on whole.unit = wide.unit and whole.breakdown = wide.breakdown and whole.category = wide.age_band
        inner join reference.age_bands as narrow
            on wide.unit = narrow.unit
            and narrow.breakdown = 'age_band'
            and narrow.age_from >= wide.age_from
            and narrow.age_to <= wide.age_to
        left join figures as part
            on whole.unit = part.unit
            and whole.population = part.population
            and whole.criterion = part.criterion
            and whole.scheme = part.scheme
            and whole.place_type = part.place_type
            and whole.place = part.place
            and whole.period = part.period
            and part.breakdown = 'age_band'
            and part.category = narrow.age_band
        where whole.breakdown = 'age_band_wide'
        group by whole.figure_id, whole.place, whole.period, whole.period_type, whole.scheme, whole.numerator
        having whole.numerator <> coalesce(sum(part.numerator), 0)
            -- a published wide band has its months, the bands inside it may not
            and (whole.period_type <> 'month' or count(part.numerator) > 0)
    """


def _recounted() -> str:
    """Totals of a force and quarter that are not the number of crimes or persons in the datasets."""
    return """
        with figures as (
            select population, unit, place, period, numerator
            from {batch}
            where
                breakdown = 'total'
                and criterion = 'all'
                and place_type = 'force'
                and period_type = 'quarter'
        ),
        counted as (
            select
                'cpai' as population, 'crime' as unit, force as place, quarter as period, count(*) as records
            from cpai.cpai_crimes
            group by all
            union all
            select 'contact', 'crime', force, quarter, count(*)
            from cpai.cpai_crimes
            where is_contact
            group by all
            union all
            select 'cocad', 'crime', force, quarter, count(*) from cocad.cocad_crimes group by all
            union all
            select 'cocad', 'victim', force, quarter, count(*) from cocad.cocad_victims group by all
            union all
            select 'cocad', 'suspect', force, quarter, count(*) from cocad.cocad_suspects group by all
        )
        select
            coalesce(figures.population, counted.population) as population,
            coalesce(figures.unit, counted.unit) as unit,
            coalesce(figures.place, counted.place) as place,
            coalesce(figures.period, counted.period) as period
        from figures
        full join counted
            on figures.population = counted.population
            and figures.unit = counted.unit
            and figures.place = counted.place
            and figures.period = counted.period
        where coalesce(figures.numerator, 0) <> coalesce(counted.records, 0)
            -- a gate for one quarter has the figures of that quarter alone
            and coalesce(figures.period, counted.period) in (select period from {batch})
    """
