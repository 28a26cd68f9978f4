"""Contradictions planted in the tables of a release: each shuts the gate by its rule, its near miss does not.

Four are the slips of the publication of 2023, one is the ethnicity table that a national report of 2024 printed for
victims and again for suspects. The numbers are those of `seeds/published_2023.csv`.
"""

import importlib

import duckdb
import pytest

from expectations import SUITES, run_suites
from expectations.marts import TABLE, _same_tables
from expectations.release import REPEATED, _quarters_alike
from expectations.rulebook import rulebook
from expectations.running import _built
from orchestration import gate
from orchestration.home import seed_rows
from orchestration.quarters import in_period

pytestmark = pytest.mark.xdist_group("exemplars")  # one worker builds their home once

PERIOD = "2023-Q2"
PUBLISHED = {row["figure_id"]: row for row in seed_rows("published_2023.csv")}


@pytest.fixture(autouse=True)
def received_as_written(monkeypatch):
    """These homes are a warehouse without the ledger and archive that it came from: the suites alone are asked."""
    monkeypatch.setattr(gate, "doubts", lambda home: [])


def printed(unit: str, criterion: str, breakdown: str, cells: dict[str, tuple], rounding: str) -> list[str]:
    """Statements that print one split anew for the nation, the South East and Kent: category -> number, percentage.

    `rounding` is that of every cell; the base is the sum of the numbers.
    """
    about = f"population = 'cocad' and unit = '{unit}' and criterion = '{criterion}'"
    base = sum(number for number, _ in cells.values())
    values = ", ".join(f"('{name}', {number}, {percent})" for name, (number, percent) in cells.items())
    return [
        f"delete from marts.figures where {about} and breakdown in ('{breakdown}', '{breakdown}_wide')",
        f"""
        insert into marts.figures by name
        select
            'planted.{unit}.{criterion}.{breakdown}.' || category as figure_id, '{unit}' as unit,
            'cocad' as population, '{criterion}' as criterion, '{breakdown}' as breakdown, category,
            place_type, place, 'quarter' as period_type, '{PERIOD}' as period, numerator,
            {base} as denominator, percent, '{rounding}' as percent_rounding, '2023' as scheme,
            'published' as status
        from (values {values}) as cells (category, numerator, percent),
        (
            values ('national', 'England and Wales'), ('force', 'kent'),
            ('region', (select region from reference.forces where force = 'kent'))
        ) as places (place_type, place)
        """,
    ]


def split(prefix: str, rounding: str) -> list[str]:
    """A split as the publication printed it."""
    rows = [row for figure, row in PUBLISHED.items() if figure.startswith(prefix)]
    cells = {row["category"]: (int(row["numerator"]), row["printed_percent"] or 0) for row in rows}
    return printed("crime", "all", rows[0]["breakdown"], cells, rounding)


def ages(second_print: int) -> list[str]:
    """Page 19's 201 of 521 CSE suspects aged 18 to 29, 39%, and page 21's print of the same."""
    cells = {"18_to_29": (201, 39), "30_to_39": (320, 61)}
    again = (
        "insert into marts.figures by name select * replace (figure_id || '.p21' as figure_id, "
        f"'age_band_wide' as breakdown, {second_print} as percent) from marts.figures "
        "where figure_id = 'planted.suspect.cse.age_band.18_to_29'"
    )
    return [*printed("suspect", "cse", "age_band", cells, "half_up"), again]


def ethnicities(suspects: tuple[int, ...]) -> list[str]:
    """The victims' self-defined ethnicities beside `suspects`; the percentages are those of the victims' table."""
    names, victims, shares = (
        ("white", "asian", "black", "mixed", "other"),
        (850, 30, 40, 40, 40),
        (85, 3, 4, 4, 4),
    )
    return [
        statement
        for unit, numbers in (("victim", victims), ("suspect", suspects))
        for statement in printed(
            unit, "all", "sde", dict(zip(names, zip(numbers, shares, strict=True), strict=True)), "half_up"
        )
    ]


SLIPS = {
    "26% for 1,125 of 4,228, rounded alone": ({"MT05"}, split("criterion.", "half_up")),
    "6% for 232 of 4,228, rounded alone": ({"MT05"}, split("offence.", "half_up")),
    "88% for 479 of 541": (
        {"MT05"},
        printed("suspect", "cse", "gender", {"male": (479, 88), "female": (62, 11)}, "half_up"),
    ),
    "201 of 521 as 39% and as 38%": ({"MT05", "MT06"}, ages(38)),
    "one ethnicity table for victims and suspects": ({"MT04"}, ethnicities((850, 30, 40, 40, 40))),
}
NEAR_MISSES = [
    # the same percentages are right where the split was made to sum to 100
    *split("criterion.", "largest_remainder"),
    *split("offence.", "largest_remainder"),
    *printed("suspect", "cse", "gender", {"male": (479, 89), "female": (62, 11)}, "half_up"),
    *ages(39),
    # one person apart, and the same percentages: another table
    *ethnicities((849, 31, 40, 40, 40)),
]


@pytest.mark.parametrize(("rules", "statements"), SLIPS.values(), ids=SLIPS)
def test_a_slip_that_was_published_shuts_the_gate(accepted, rules, statements):
    answer = gate.check(accepted(*statements), PERIOD)
    assert not answer.open
    assert {reason.split()[0] for reason in answer.reasons} == rules


def test_what_only_looks_like_the_slips_does_not(accepted):
    assert gate.check(accepted(*NEAR_MISSES), PERIOD).reasons == []


def test_the_table_of_one_place_printed_for_another_is_found(accepted):
    """Also where no person is concerned, and with a near miss: one crime more."""
    crimes = {"rape_of_a_child": 401, "sexual_assault_on_a_child": 307, "other": 211, "image": 503}
    planted = """
        insert into marts.figures by name
        select 'planted.' || category as figure_id, 'crime' as unit, 'cpai' as population, 'all' as criterion,
            'offence_group' as breakdown, category, 'force' as place_type, place, 'quarter' as period_type,
            '{period}' as period, numerator + (place = 'suffolk' and category = 'image')::int * {more} as numerator,
            null as denominator, null as percent, null as percent_rounding, '2023' as scheme,
            'published' as status
        from (values {cells}) as cells (category, numerator), (values ('norfolk'), ('suffolk')) as places (place)
    """
    cells = ", ".join(f"('{name}', {number})" for name, number in crimes.items())

    def found(more: int) -> list[dict]:
        home = accepted(
            "delete from marts.figures where breakdown = 'offence_group'",
            planted.format(period=PERIOD, cells=cells, more=more),
        )
        (alike,) = [r for r in run_suites(home.warehouse, ["marts"], PERIOD) if r.rule == "MT04"]
        return alike.failing_keys

    assert [set(key) for key in found(0)] == [{"printed", "printed_again"}]
    assert found(1) == []


@pytest.mark.parametrize(
    ("rules", "statement"),
    [
        ("MT10", "update marts.quarter_summary set contact = contact + 1"),
        ("MT10", "update marts.quarter_summary set excluded = excluded - 1 where quarter = '2023-Q2'"),
        ("MT10", "update quality.exclusions set crimes = crimes + 1 where force = 'kent'"),
        ("MT10", "update quality.returns set victims = victims + 1 where force = 'kent'"),
        (
            "MT10",
            "update quality.balance set rejected = rejected + 1, received = received + 1 where force = 'essex'",
        ),
        (
            "MT10",
            "delete from rule_checks.rule_checks_in_a_return where rule = 'CR15' and force = 'devon-and-cornwall'",
        ),
        ("MT10", "update rule_checks.rule_checks_in_a_return set severity = 'reported' where rule = 'CR15'"),
        (
            "MT10",
            "update quality.rule_results set verdict = 'pass' where rule = 'CR15' and verdict = 'waived'",
        ),
        (
            "MT10",
            "update quality.rule_results set waived = failed where rule = 'CR15' and verdict = 'within_tolerance'",
        ),
        ("MT05", "update quality.rule_results set rate = rate / 10 where rule = 'CR15'"),
        (
            "MT05",
            "insert into quality.reconciliation by name select 'kent' as force, '2023-Q2' as quarter, 5 as cpai, "
            "4 as recorded_crime, 2 as difference, 25.0 as percent_difference",
        ),
        ("MT10 TB02", "update reference.rules set severity = 'reported' where rule = 'CR15'"),
        ("MT10 TB02", "update reference.rules set tolerance_rate = 1 where rule = 'CR15'"),
        ("TB02", "delete from reference.forces where force = 'dorset'"),
        ("TB02", "update reference.breakdowns set exhaustive = 'N'"),
        (
            "TB02",
            "insert into reference.waivers values "
            "('CR15', 'kent', '2023-Q2', 'in no file', 'A Person', '2023-08-01', '2099-12-31')",
        ),
        # it ran out after the warehouse was built
        ("TB02", "update quality.waiver_verdicts set expires = '2023-09-01' where verdict = 'counts'"),
    ],
)
def test_a_table_that_contradicts_another_or_its_seed_fails(accepted, rules, statement):
    home = accepted()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(statement)
    results = run_suites(home.warehouse, ["release"], PERIOD)
    assert [result.error for result in results if result.error] == []
    assert {result.rule for result in results if not result.success} == set(rules.split())


@pytest.mark.parametrize(("second", "alike"), [(0, 1), (1, 0)])
def test_a_quarter_that_repeats_another_is_found(second, alike):
    _, query, _ = _quarters_alike(*REPEATED[1])
    with duckdb.connect() as connection:
        connection.execute(
            "create table exclusions as select quarter, 'force' || f as force, 'cancelled' as reason, "
            f"20 + f + (quarter = '2023-Q2' and f = 3)::int * {second} as crimes "
            "from range(8) as t(f), (values ('2023-Q1'), ('2023-Q2')) as q(quarter)"
        )
        found = connection.execute(query.format(batch="exclusions")).fetchall()
    assert len(found) == alike


def test_every_expectation_carries_its_rule_dimension_and_severity():
    for suite in SUITES:
        expected = importlib.import_module(f"expectations.{suite}").expected("2023", in_period("2023"))
        for number, each in enumerate(expected):
            meta = _built(suite, each, number).meta
            rule = rulebook()[each.rule]
            assert [meta[name] for name in ("rule", "dimension", "severity")] == [
                rule.rule,
                rule.dimension,
                rule.severity,
            ]
            assert rule.dimension
            assert rule.severity in {"blocks", "reported"}


@pytest.mark.parametrize(("first", "found"), [(301, 1), (300, 0)])
def test_counts_that_share_a_divisor_say_no_more_than_without_it(first, found):
    """A synthetic year of scale 50 is one year 50 times: 300, 100, 50, 50, 100 are 6, 2, 1, 1 and 2."""
    cells = [("a", first), ("b", 100), ("c", 50), ("d", 50), ("e", 100)]
    rows = ", ".join(
        f"('suspect', 'cocad', 'all', 'age_band', '2023', '{place}', '2023', 'force', 'year', '{category}', {count})"
        for place in ("kent", "surrey")
        for category, count in cells
    )
    columns = f"{', '.join(TABLE)}, place_type, period_type, category, numerator"
    with duckdb.connect() as connection:
        connection.execute(f"create view figures as select * from (values {rows}) as figures ({columns})")
        assert len(connection.execute(_same_tables().format(batch="figures")).fetchall()) == found
