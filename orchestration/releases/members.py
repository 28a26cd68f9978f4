"""The records behind a figure, listed by the SQL that counts them (`figure_members` of a release), and counted again."""

from typing import Any

from orchestration.printing import counted
from orchestration.statements import Connection

BEHIND = "behind"  # the temporary table that `find` makes
KEY = ("figure_id", "scheme", "place_type", "place", "period_type", "period")

_BEHIND = """
    create or replace temp table behind as
    with members as (
        select
            unit, force, quarter, month, crime_reference, person_number,
            bool_or(part = 'numerator') as in_numerator,
            bool_or(part = 'denominator') as in_base
        from figure_members
        where figure_id = ? and scheme = ? and place_type = ? and place = ? and period_type = ? and period = ?
        group by all
    )
    select
        members.*,
        crimes.offence_code, crimes.inclusion_rule, crimes.candidate_reasons, crimes.is_cocad, crimes.criterion,
        crimes.committed_by_children
    from members
    left join fct_crimes as crimes using (force, quarter, crime_reference)
    order by not in_numerator, force, quarter, crime_reference, person_number
"""
# every figure that prints a number, with what its records come to: none of them may differ
EVERY = """
    select
        figures.*,
        coalesce(recounted.numerator, 0) as numerator_of_records,
        case when figures.denominator is not null then coalesce(recounted.denominator, 0) end as denominator_of_records
    from figures
    left join (
        select
            figure_id, scheme, place_type, place, period_type, period,
            count(*) filter (where part = 'numerator') as numerator,
            count(*) filter (where part = 'denominator') as denominator
        from figure_members
        group by all
    ) as recounted using (figure_id, scheme, place_type, place, period_type, period)
    where figures.status <> 'withheld'
"""
DIFFERS = "numerator <> numerator_of_records or denominator <> denominator_of_records"


def has_members(connection: Connection) -> bool:
    """Whether the release was made with the view; those before it hold no list of what was counted."""
    found = connection.execute("select 1 from duckdb_views() where view_name = 'figure_members'").fetchone()
    return found is not None


def find(connection: Connection, figure: dict[str, Any]) -> None:
    """Temporary table `behind`: one row per crime or person in the figure's numerator or base, those counted first.

    `connection` uses marts.duckdb; `figure` is a row of `figures`.
    """
    connection.execute(_BEHIND, [figure[name] for name in KEY])


def recounted(connection: Connection) -> dict[str, int]:
    """Numerator and denominator by the rows of `behind`."""
    names = ("numerator", "denominator")
    found = connection.execute(
        "select count(*) filter (where in_numerator), count(*) filter (where in_base) from behind"
    ).fetchone()
    return dict(zip(names, found, strict=True))


def difference(figure: dict[str, Any], of_records: dict[str, int], erased: bool = False) -> str | None:
    """A sentence where the records come to another number than is printed; None where they do not, or none is printed."""
    if figure["numerator"] is None:
        return None
    differing = [
        f"{counted(of_records[name], 'record')} in the {name}, and {figure[name]:,} printed"
        for name in ("numerator", "denominator")
        if figure[name] is not None and figure[name] != of_records[name]
    ]
    if not differing:
        return None
    why = (
        "records were erased by law since the release was made (erased.json)"
        if erased
        else "the release does not hold what it was counted from: ask cpai verify, and publish again"
    )
    return f"DIFFERS: {'; '.join(differing)}: {why}"
