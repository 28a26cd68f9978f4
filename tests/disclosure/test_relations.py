"""What definitions and rules state of counts: each relation has its source, holds in the data, and is in the attack."""

import csv
import random
import re
from pathlib import Path

import duckdb
import made_crimes
import pytest
from some import some

from orchestration import schemes
from orchestration.home import SEEDS, seed_rows
from orchestration.releases.disclosure import attack, audit, cells, earlier, policy, public, stated
from orchestration.releases.disclosure.tables import Tables

ROOT = Path(__file__).parents[2]
ROWS = {row["relation"]: row for row in seed_rows("disclosure_relations.csv")}
USES = {stated.ALWAYS, stated.WHERE_IT_HOLDS, stated.NEVER, stated.NOT_PUBLIC}
# code beside the sums of cells.BY_CELLS
ELSEWHERE = {
    "places": cells._places,
    "audit.shares": audit.shares,
    "audit.read_printed": audit.read_printed,
    "cells.Cells.some": cells.Cells.some,
    "earlier.known": earlier.known,
}
# what the small year has no cell of: a scheme that is still to come
NOT_YET = {"added_criteria"}


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace('""', '"'))


@pytest.mark.parametrize("name", ROWS)
def test_a_relation_has_its_source_word_for_word(name):
    row = ROWS[name]
    assert words(row["says"]) in words((ROOT / row["source"]).read_text(encoding="utf-8"))
    assert row["use"] in USES
    assert bool(row["why_not"]) == (row["use"] in (stated.NEVER, stated.NOT_PUBLIC))


def test_every_relation_that_is_code_is_in_the_table_and_the_other_way_round():
    assert {row["by"] for row in ROWS.values()} - {""} == cells.BY_CELLS.keys() | ELSEWHERE.keys()
    by_pattern = [row for row in ROWS.values() if not row["by"] and row["use"] != stated.NOT_PUBLIC]
    for row in some(by_pattern):
        assert len(row["left"].split()) == stated.LEFT and row["is"] in ("=", ">=", "only where")
        assert all(len(side.split()) in (1, stated.LEFT) for side in row["right"].split(" + "))


@pytest.fixture(scope="module")
def of_year(year):
    """Every cell that the figures of the small year print for the public, and each force's region."""
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{year.home.releases / 'current' / 'marts.duckdb'}' as target (read_only)"
        )
        figures = public.shown(connection)
        return audit.cells_of(figures), public.regions_of(connection)


@pytest.mark.xdist_group("year")
def test_what_the_attacker_computes_with_holds_in_every_cell_of_a_year(of_year):
    of_all, regions = of_year
    for row in some(stated.rows()):
        found = cells._of_relation(row, of_all, regions)
        broken = [one for one in found if not stated.holds(one, of_all.true_counts)]
        assert not broken, (row["relation"], broken[:2])
        is_of_sums = (not row["by"] and row["is"] != "only where") or row["by"] in {*cells.BY_CELLS, "places"}
        assert found or not is_of_sums or row["relation"] in NOT_YET, row["relation"]
    pairs = some(stated.only_where(of_all.counts))
    assert all(of_all.counts[wider] for cell, wider in pairs if of_all.counts[cell])


@pytest.mark.xdist_group("year")
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row["use"] == stated.NEVER])
def test_what_readers_may_believe_and_nobody_may_compute_with_does_not_hold(of_year, name):
    of_all, _ = of_year
    sums = stated.grounded(ROWS[name], of_all.counts)
    assert any(not stated.holds(one, of_all.true_counts) for one in sums)


def test_all_codes_of_a_group_that_counts_as_contact_are_contact():
    """Regression: rape is printed under the CPAI and under contact, and a count that one hid the other gave back."""
    named = ROWS["contact_groups"]["left"].split()[-1].split("|")
    codes = [row for row in seed_rows("offences.csv") if row["offence_group"] in named]
    assert {row["contact"] for row in some(codes)} <= {"Y", "E"} and {row["image"] for row in codes} == {"N"}


@pytest.fixture
def three_schemes(monkeypatch):
    """A third scheme, with a criterion of its own: `online` counts as other before it."""
    rows = schemes._rows()
    third = [row | {"scheme": "2026", "from_quarter": "2026-Q1"} for row in rows if row["scheme"] == "2024"]
    online = third[-1] | {"criterion": "online", "counts_as": "other", "sort_order": "8"}
    monkeypatch.setattr(schemes, "_rows", lambda: [*rows, *third, online])
    cached = (schemes.all_schemes, schemes.ever_chosen, cells._of)
    for one in cached:
        one.cache_clear()
    yield ["2024", "2026"]
    for one in cached:
        one.cache_clear()


def written(folder: Path, figures: list[dict]) -> tuple[Path, public.Hidden, set]:
    of_all = audit.cells_of(figures)
    of_all.broken |= cells.broken(of_all, made_crimes.REGIONS)
    hidden = public.hide(of_all, figures, made_crimes.REGIONS, policy.read())
    public.write_figures(folder / "figures.csv", figures, hidden)
    return folder / "figures.csv", hidden, of_all.broken


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_found_with_all_relations_and_three_schemes(tmp_path, three_schemes, seed):
    figures = made_crimes.figures_of(made_crimes.crimes_of(random.Random(seed)), three_schemes)
    path, hidden, broken = written(tmp_path, figures)
    narrow, narrowest = audit.narrow_cells(path, made_crimes.REGIONS, hidden.widths, broken=broken)
    assert not narrow and narrowest >= 1 and len(hidden.primary) > 3


TOTAL = cells.Cell("cocad", "crime", "all", "total", "all", "force", "kent", "year", "2023")
OF_PERSONS = TOTAL._replace(unit="victim")
RAPE = TOTAL._replace(population="cpai", breakdown="offence_group", category="rape_of_a_child")
ADULTS = TOTAL._replace(
    unit="suspect", criterion="committed_by_children", breakdown="age_band", category="30_to_39"
)


@pytest.mark.parametrize(
    ("relation", "printed", "hidden", "count"),
    [
        # one victim: one crime, as each has one and a victim is on one
        ("a_victim_each", {OF_PERSONS: 1}, TOTAL, 1),
        ("persons_only_on_crimes", {TOTAL: 0}, OF_PERSONS, 0),
        ("contact_groups", {RAPE: 7}, RAPE._replace(population="contact"), 7),
        (
            "all_were_asked",
            {TOTAL: 9}
            | {
                TOTAL._replace(period_type="quarter", period=f"2023-Q{n}"): count
                for n, count in enumerate((4, 3, 2, 0), 1)
            },
            TOTAL._replace(breakdown="committed_by_children", category=cells.ASKED),
            5,
        ),
        ("children_have_no_adult_suspect", {}, ADULTS, 0),
    ],
)
def test_a_hidden_count_that_a_relation_gives_back_is_found(monkeypatch, relation, printed, hidden, count):
    """Regression: none of these was in the attack, and a national year had 43 cells that they narrow."""

    def found():
        known = earlier.known(cells.Cells(printed | {hidden: None}), made_crimes.REGIONS, [], {}, truth=False)
        tables = Tables(known.counts, known.sums, some=known.some)
        return attack.intervals(tables, {hidden: 50})[hidden]

    assert (found().least, found().greatest) == (count, count)
    real = stated.rows
    monkeypatch.setattr(
        stated, "rows", lambda *uses: [row for row in real(*uses) if row["relation"] != relation]
    )
    assert found().width > 0


def test_a_relation_that_the_data_break_is_computed_with_only_where_they_keep_it():
    figures = made_crimes.figures_of(made_crimes.crimes_of(random.Random(3)), [])
    lost = next(
        row for row in figures if row["figure_id"] == "cocad.all.victim.total.all" and row["numerator"] > 5
    )
    lost["numerator"] = 0
    of_all = audit.cells_of(figures)
    broken = cells.broken(of_all, made_crimes.REGIONS)
    assert {one.whole for one in broken} == {public.numerator(lost)}
    of_all.broken |= broken
    kept = cells.sums(of_all, made_crimes.REGIONS)
    assert not broken & set(kept)
    assert any(one.whole._replace(place=lost["place"]) == public.numerator(lost) for one in kept)


def test_a_sum_of_nothing_is_nothing():
    tables = Tables({"adult": None, "child": None, "all": 9}, [
        cells.Sum("all", ("adult", "child")), cells.Sum("adult", ())
    ])  # fmt: skip
    assert attack.intervals(tables)["child"] == attack.Interval("child", 9, 9, True)


def test_the_table_of_relations_is_a_table():
    with (SEEDS / "disclosure_relations.csv").open(newline="", encoding="utf-8") as file:
        names = [row["relation"] for row in csv.DictReader(file)]
    assert len(names) == len(set(names))
