"""What a second reader changed, counted: from it a figure says how far misreading may have moved it.

Most candidates are read once. A tenth of them is read again by somebody who does not know the first answer, drawn
before anybody has read, and settled: a sample of what second reading would do to the others. The view
`figure_intervals` takes it to the crimes that were read once.
"""

from orchestration import schemes
from orchestration.readings.policy import read_policy
from orchestration.statements import Connection

NOT_GROUP_BASED = "not_group_based"


def add(connection: Connection, quarters: list[str]) -> None:
    """The table `settled_answers` in `target`, from the crimes and readings in `warehouse`.

    Its words are in questions.yml.
    """
    connection.execute(f"create table target.main.settled_answers as {SETTLED_ANSWERS}", asked(quarters))


def asked(quarters: list[str]) -> dict:
    """The parameters of `SETTLED_ANSWERS`."""
    policy = read_policy()
    return {
        "quarters": quarters,
        "criteria": sorted(policy.second_criteria),
        "confidences": sorted(policy.second_confidence),
        "children_from": schemes.children_collected_from(),
        "no": NOT_GROUP_BASED,
    }


SETTLED_ANSWERS = """
with

settled as (
    select * from warehouse.cocad.cocad_settled_readings
    where quarter in (select unnest($quarters))
),

crimes as (
    select force, quarter, crime_reference, month, victim_rows, suspect_rows from warehouse.marts.fct_crimes
    where is_candidate and quarter in (select unnest($quarters))
),

readings as (
    select * from warehouse.intermediate.int_readings
    where is_standing
),

-- what the first reader said, and whether it was that which asked for a second
first_readings as (
    select
        *,
        coalesce(criterion in (select unnest($criteria)), false)
        or coalesce(confidence in (select unnest($confidences)), false) as is_called_for
    from readings
    where role = 'first'
),

second_readings as (
    select distinct force, crime_reference, version from readings where role = 'second'
),

answers as (
    select
        crimes.force,
        crimes.month,
        crimes.victim_rows as victims,
        crimes.suspect_rows as suspects,
        case
            when settled.settled_by = 'only' then 'once'
            when second_readings.force is null or first_readings.is_called_for then 'called_for'
            else 'drawn'
        end as is_read,
        crimes.quarter >= $children_from as asks_children,
        first_readings.group_based = 'yes' as first_group_based,
        first_readings.criterion as first_criterion,
        first_readings.committed_by_children = 'yes' as first_children,
        settled.group_based = 'yes' as settled_group_based,
        settled.criterion as settled_criterion,
        settled.committed_by_children = 'yes' as settled_children
    from settled
    inner join crimes
        on settled.force = crimes.force
        and settled.quarter = crimes.quarter
        and settled.crime_reference = crimes.crime_reference
    inner join first_readings
        on settled.force = first_readings.force
        and settled.crime_reference = first_readings.crime_reference
        and settled.version = first_readings.version
    left join second_readings
        on settled.force = second_readings.force
        and settled.crime_reference = second_readings.crime_reference
        and settled.version = second_readings.version
),

schemes as (
    select
        force,
        month,
        is_read,
        victims,
        suspects,
        each_scheme.scheme,
        case when first_group_based then of_first.criterion else $no end as first_answer,
        case when settled_group_based then of_settled.criterion else $no end as settled_answer
    from answers
    cross join (select distinct scheme from warehouse.cocad.cocad_scheme_criteria) as each_scheme
    left join warehouse.cocad.cocad_scheme_criteria as of_first
        on each_scheme.scheme = of_first.scheme
        and answers.first_criterion = of_first.criterion_read
        and coalesce(answers.asks_children and answers.first_children, false) = of_first.by_children
    left join warehouse.cocad.cocad_scheme_criteria as of_settled
        on each_scheme.scheme = of_settled.scheme
        and answers.settled_criterion = of_settled.criterion_read
        and coalesce(answers.asks_children and answers.settled_children, false) = of_settled.by_children
)

select force, month, scheme, is_read, first_answer, settled_answer, victims, suspects, count(*) as crimes
from schemes
group by all
order by all
"""
