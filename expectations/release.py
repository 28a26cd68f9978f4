"""Do the tables of a release contradict each other, or the seeds that the gate goes by?

What is counted in two tables is the same number in both, a verdict follows from its counts, and the rules, waivers
and lists in the warehouse are those of `seeds/`: a table edited after it was built opens no gate.
"""

# ruff: noqa: S608 -- SQL is put together from this package's own words and seeds, never from data

from math import log

from expectations.expected import (
    ALIKE,
    RETURN,
    RULE_RESULTS,
    Expected,
    Table,
    by_chance,
    has_rows,
    rows,
    texts,
)
from orchestration import clock
from orchestration.home import seed_rows

BALANCE = Table("quality.balance", (*RETURN, "record_type", "received", "rejected"), RETURN)
RATES = Table(
    "quality.rule_results",
    (*RULE_RESULTS.columns, "also_reported", "waived", "rate"),
    ("rule", *RETURN),
)
FINDINGS = Table("quality.findings", ("rule", "severity", *RETURN, "found"))
SUMMARY = Table(
    "marts.quarter_summary",
    (
        "quarter",
        *("crimes_received", "in_cpai", "excluded", "contact", "candidates", "read", "unread", "cocad"),
    ),
    ("quarter",),
)
RECONCILIATION = Table(
    "quality.reconciliation",
    (*RETURN, "cpai", "recorded_crime", "difference", "percent_difference"),
    RETURN,
)
# (table, what distinguishes two tables of it besides the quarter, the rows of a table, its cells)
REPEATED = (
    ("quality.balance", ("record_type",), ("force",), ("received", "accepted")),
    ("quality.exclusions", (), ("force", "reason"), ("crimes",)),
)
SEPARATOR = " | "
# the columns of a seed that the gate's own SQL reads, those that identify a row first
SEEDS = {
    "rules": (
        "rule",
        *("scope", "home", "severity", "our_own", "tolerance_rate", "tolerance_records", "only_reported"),
    ),
    "waivers": ("rule", *RETURN, "reason", "signed_by", "signed_on", "expires"),
    "forces": ("force", "region", "from_quarter", "to_quarter"),
    "breakdowns": ("breakdown", "population", "unit", "base", "exhaustive"),
    "age_bands": ("age_band", "unit", "breakdown", "age_from", "age_to"),
}


def expected(period: str | None, quarters: list[str] | None) -> list[Expected]:
    """MT04, MT05 and MT10 between the tables, TB02 between the warehouse and the seeds, WV01 for the waivers."""
    return [
        *(_as_in_seed(seed, columns) for seed, columns in SEEDS.items()),
        _waivers_that_do_not_count(quarters),
        _waivers_of_today(),
        has_rows(SUMMARY),
        rows("MT10", SUMMARY, _summed(), ("quarter", "what")),
        rows("MT10", BALANCE, _received(), (*RETURN, "record_type")),
        rows("MT10", BALANCE, _held_out(), (*RETURN, "record_type")),
        rows("MT10", RATES, _findings_counted(), RATES.key),
        rows("MT10", FINDINGS, _severities(), ("rule",)),
        rows("MT10", RATES, _verdicts(), RATES.key),
        rows("MT05", RATES, _rates(), RATES.key),
        rows("MT05", RECONCILIATION, _reconciled(), RETURN),
        *(rows("MT04", *_quarters_alike(*repeated)) for repeated in REPEATED),
    ]


def _as_in_seed(seed: str, columns: tuple[str, ...]) -> Expected:
    """Rows of the built seed that are not in the file, or the other way round; a number is compared as a number."""
    in_file = [
        SEPARATOR.join(_as_text(row[column]) for column in columns) for row in seed_rows(f"{seed}.csv")
    ]
    # one text for each row: as a table of values they would take ten times as long to parse
    written = texts(in_file).replace("{", "{{").replace("}", "}}")
    as_text = ", ".join(
        f"coalesce(cast(try_cast({column} as double) as varchar), cast({column} as varchar), '')"
        for column in columns
    )
    return rows(
        "TB02",
        Table(f"reference.{seed}", columns, columns[:1], period=None),
        f"""
        with built as (select concat_ws('{SEPARATOR}', {as_text}) as line from (select * from {{batch}})),
        written as (select unnest(cast([{written}] as varchar[])) as line)
        select split_part(line, '{SEPARATOR}', 1) as {columns[0]}
        from (
            (select * from built except all select * from written)
            union all
            (select * from written except all select * from built)
        )
        """,
        columns[:1],
    )


def _as_text(value: str) -> str:
    try:
        return str(float(value))
    except ValueError:
        return value


WAIVERS = Table(
    "quality.waiver_verdicts", ("rule", *RETURN, "expires", "verdict"), ("rule", *RETURN), period=None
)


def _waivers_that_do_not_count(quarters: list[str] | None) -> Expected:
    """Waivers of the period, or of no quarter at all, that waive nothing."""
    asked = f"(quarter is null or quarter in ({texts(quarters)}))" if quarters else "true"
    return rows(
        "WV01",
        WAIVERS,
        f"select rule, force, quarter from {{batch}} where verdict <> 'counts' and {asked}",
        WAIVERS.key,
    )


def _waivers_of_today() -> Expected:
    """Waivers that counted when the warehouse was built and have run out since."""
    return rows(
        "TB02",
        WAIVERS,
        "select rule, force, quarter from {batch} where verdict = 'counts' "
        f"and cast(expires as date) < date '{clock.today()}'",
        WAIVERS.key,
    )


def _summed() -> str:
    """Counts in the summary of a quarter that differ from the facts, the balance and the exclusions."""
    in_facts = {
        "in_cpai": "true",
        "contact": "is_contact",
        "candidates": "is_candidate",
        "read": "is_candidate and is_read",
        "unread": "is_candidate and not is_read",
        "cocad": "is_cocad",
    }
    counts = ", ".join(f"count(*) filter (where {is_one}) as {name}" for name, is_one in in_facts.items())
    sides = {
        "crimes_received": "balanced.crimes",
        "excluded": "excluded.crimes",
        **{name: f"facts.{name}" for name in in_facts},
    }
    compared = " union all ".join(
        f"select summary.quarter, '{name}' as what, summary.{name} as said, {counted} as counted "
        "from summary left join facts on summary.quarter = facts.quarter "
        "left join balanced on summary.quarter = balanced.quarter "
        "left join excluded on summary.quarter = excluded.quarter"
        for name, counted in sides.items()
    )
    return f"""
        with summary as (select * from {{batch}}),
        facts as (select quarter, {counts} from marts.fct_crimes group by quarter),
        balanced as (
            select quarter, sum(accepted) as crimes from quality.balance
            where record_type = 'crimes' group by quarter
        ),
        excluded as (select quarter, sum(crimes) as crimes from quality.exclusions group by quarter),
        beside as ({compared})
        select quarter, what from beside where coalesce(said, 0) <> coalesce(counted, 0)
    """


def _received() -> str:
    """Returns whose submissions have other numbers of records than the balance received."""
    return """
        with sent as (
            select
                force, quarter,
                sum(crimes) as crimes, sum(victims) as victims, sum(suspects) as suspects
            from quality.returns
            where status not in ('refused', 'missing')
            group by force, quarter
        )
        select balance.force, balance.quarter, balance.record_type
        from (select * from {batch}) as balance
        left join sent on balance.force = sent.force and balance.quarter = sent.quarter
        where balance.received <> coalesce(
            case balance.record_type
                when 'crimes' then sent.crimes when 'victims' then sent.victims else sent.suspects
            end, 0
        )
    """


def _held_out() -> str:
    """Returns with other numbers of records held out in the balance than among what the intake found."""
    return """
        with found as (
            select force, quarter, record_type, sum(records) as records
            from quality.intake_findings
            where code like 'RE%'
            group by force, quarter, record_type
        )
        select balance.force, balance.quarter, balance.record_type
        from (select * from {batch}) as balance
        left join found
            on balance.force = found.force
            and balance.quarter = found.quarter
            and balance.record_type = found.record_type
        where balance.rejected <> coalesce(found.records, 0)
    """


def _findings_counted() -> str:
    """Results that do not count the findings there are, or findings without a result."""
    return """
        with results as (select * from {batch}),
        found as (
            select
                findings.rule, findings.force, findings.quarter,
                count(*) filter (where findings.severity = rules.severity) as failed,
                count(*) filter (where findings.severity <> rules.severity) as also_reported
            from quality.findings as findings
            inner join reference.rules as rules on findings.rule = rules.rule
            where findings.quarter in (select quarter from results)
            group by findings.rule, findings.force, findings.quarter
        )
        select
            coalesce(results.rule, found.rule) as rule,
            coalesce(results.force, found.force) as force,
            coalesce(results.quarter, found.quarter) as quarter
        from results
        full join found
            on results.rule = found.rule
            and results.force = found.force
            and results.quarter = found.quarter
        where coalesce(results.failed, 0) <> coalesce(found.failed, 0)
            or coalesce(results.also_reported, 0) <> coalesce(found.also_reported, 0)
            or results.failed > results.tested
    """


def _severities() -> str:
    """Rules with a finding of another severity than the rulebook gives it."""
    return """
        select distinct findings.rule
        from (select distinct rule, severity, found from {batch}) as findings
        left join reference.rules as rules on findings.rule = rules.rule
        where findings.severity is distinct from
            case
                when '+' || coalesce(rules.only_reported, '') || '+' like '%+' || findings.found || '+%'
                    then 'reported'
                else rules.severity
            end
    """


def _verdicts() -> str:
    """Verdicts that do not follow from the counts, the tolerance and a waiver that counts."""
    return """
        with expected as (
            select
                results.*,
                waivers.rule is not null as is_waived,
                case
                    when results.tested = 0 then 'not_applicable'
                    when results.failed = 0 then 'pass'
                    when
                        rules.our_own <> 'Y'
                        and (
                            results.failed <= rules.tolerance_rate * results.tested
                            or results.failed <= rules.tolerance_records
                        )
                        then 'within_tolerance'
                    when waivers.rule is not null then 'waived'
                    else 'fails'
                end as should_be
            from (select * from {batch}) as results
            inner join reference.rules as rules on results.rule = rules.rule
            left join (
                select distinct rule, force, quarter from quality.waiver_verdicts where verdict = 'counts'
            ) as waivers
                on results.rule = waivers.rule
                and results.force = waivers.force
                and results.quarter = waivers.quarter
        )
        select rule, force, quarter
        from expected
        where verdict is distinct from should_be or waived <> case when is_waived then failed else 0 end
    """


def _rates() -> str:
    """Rates that are not failed of tested."""
    return """
        select rule, force, quarter
        from {batch}
        where (rate is null) <> (tested = 0) or abs(rate - 1.0 * failed / nullif(tested, 0)) > 1e-9
    """


def _reconciled() -> str:
    """Differences from police recorded crime that the counts do not give, here or by class of offence."""
    return """
        with reconciliation as (select * from {batch}),
        by_class as (
            select force, quarter, sum(cpai) as cpai, sum(recorded_crime) as recorded_crime
            from marts.recorded_crime_comparison
            group by force, quarter
        )
        select reconciliation.force, reconciliation.quarter
        from reconciliation
        left join by_class
            on reconciliation.force = by_class.force and reconciliation.quarter = by_class.quarter
        where reconciliation.difference <> reconciliation.cpai - reconciliation.recorded_crime
            or reconciliation.cpai is distinct from by_class.cpai
            or reconciliation.recorded_crime is distinct from by_class.recorded_crime
            or abs(
                reconciliation.percent_difference
                - 100.0 * reconciliation.difference / nullif(reconciliation.recorded_crime, 0)
            ) > 0.0501
    """


def _quarters_alike(
    name: str, of: tuple[str, ...], cells: tuple[str, ...], counts: tuple[str, ...]
) -> tuple[Table, str, tuple[str, ...]]:
    """Two quarters with the same numbers in every cell, though chance would not make them so.

    Cells below 10 are no evidence: in small homes a quarter may well be like the next.
    """
    table = Table(name, ("quarter", *of, *cells, *counts), period="quarter")
    listed = "".join(f"{column}, " for column in of)
    of_one = "".join(f"one.{column}, " for column in of)
    same = "".join(f"and one.{column} = other.{column} " for column in of)
    many = counts[0]  # the others follow it too closely to be evidence of their own
    query = f"""
        with tables as (
            select
                {listed}quarter,
                {by_chance(many, f"{many} >= 10")} as rarity,
                sum(hash({", ".join(cells + counts)})) as cells
            from (select * from {{batch}})
            where {many} > 0
            group by {listed}quarter
        )
        select {of_one}one.quarter, other.quarter as same_as
        from tables as one
        inner join tables as other on one.cells = other.cells and one.quarter < other.quarter {same}
        where one.rarity > {-log(ALIKE)}
    """
    return table, query, (*of, "quarter", "same_as")
