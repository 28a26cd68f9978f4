"""Each reach that crosses quarters is needed: a model whose own is too short has another table than it should."""

import csv
from pathlib import Path

import pytest
from reaches import LISTS, Beside, mutants, shorter_lists
from sequences import SEQUENCES
from statements import Model
from stepwise import Parts, build_by, follow

from orchestration.home import Home

SURVIVING = Path(__file__).with_name("surviving_reaches.csv")


@pytest.mark.proof
def test_a_model_that_makes_too_little_again_is_noticed(models: list[Model], begun: Path, tmp_path):
    of = {model.name: list(mutants(model)) for model in models}
    left = {mutant.place for found in of.values() for mutant in found}
    assert len(left) > 90, "SQL is written as ever"
    for number, steps in enumerate(SEQUENCES.values()):
        home = Home(tmp_path / str(number))
        warehouse = Beside(models, begun, home)
        warehouse.try_beside(
            {name: [one for one in found if one.place in left] for name, found in of.items()}
        )
        build_by(steps, warehouse, home)
        left -= warehouse.noticed
    with SURVIVING.open(newline="") as file:
        # what SEQUENCES do not notice yet; a place that is not listed has to be noticed
        assert left <= {row["place"] for row in csv.DictReader(file)}


@pytest.mark.proof
def test_a_list_of_what_is_made_again_without_one_of_its_ways_is_noticed(parts: Parts, tmp_path):
    """Such a list is right in itself only beside what it is for, so all tables are compared with those of a build at once."""
    shorter = [mutant for model in parts.models if model.name in LISTS for mutant in shorter_lists(model)]
    assert len(shorter) == 8
    left = []
    for mutant in shorter:
        changed = [mutant.model if one.name == mutant.model.name else one for one in parts.models]
        if not any(
            follow(steps, parts, Home(tmp_path / f"{mutant.place} {number}"), changed)
            for number, steps in enumerate(SEQUENCES.values())
        ):
            left.append(mutant.place)
    assert left == []


def test_a_mutant_leaves_out_what_crosses_quarters():
    model = Model(
        name="some",
        relation='"cpai"."some"',
        kind="incremental",
        anew="",
        again='select 1 where (force, quarter) in (select force, quarter from "warehouse"."intermediate"."int_reach")',
        forgotten='substr(period, 1, 4) in (select substr(quarter, 1, 4) from "warehouse"."cocad"."cocad_reach")',
    )
    changed = 'from "warehouse"."intermediate"."int_reach" where is_changed)'
    again = f"select 1 where (force, quarter) in (select force, quarter {changed}"
    in_years = f"substr(period, 1, 4) in (select substr(quarter, 1, 4) {changed}"
    in_quarters = 'substr(period, 1, 7) in (select quarter from "warehouse"."cocad"."cocad_reach")'
    assert [(one.place, one.model.again, one.model.forgotten) for one in mutants(model)] == [
        ("some 1: what changed alone", again, model.forgotten),
        ("some: what changed alone", again, in_years),
        ("some: its quarter alone", model.again, in_quarters),
    ]
