import csv
import shutil

import pytest

from orchestration.home import SEEDS
from orchestration.returns.layouts import (
    LayoutError,
    all_layouts,
    delivered,
    forces_of,
    layout_for,
    return_columns,
)


@pytest.fixture
def seeds(tmp_path):
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    return copy


def append(path, *rows):
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def test_every_force_has_one_layout_in_each_quarter():
    with (SEEDS / "forces.csv").open(encoding="utf-8") as file:
        forces = [row["force"] for row in csv.DictReader(file)]
    for quarter in ("2023-Q1", "2023-Q4", "2024-Q1"):
        names = delivered(quarter)
        assert {force for name in names for force in forces_of(name, quarter)} == set(forces)
        for name in names:
            assert layout_for(name, quarter).parts


def test_a_derived_layout_has_the_base_but_for_what_it_says_itself():
    banner, base, local = (all_layouts()[name] for name in ("niche-banner", "niche", "niche-local-id"))
    assert banner.part("crimes").banner_rows == 4
    assert banner.part("crimes").columns == base.part("crimes").columns
    assert banner.part("crimes").encoding == "cp1252"
    assert local.part("crimes").headings[0] == "LocalID"
    assert "Occurrence Number" not in local.part("victims").headings
    assert len(local.part("crimes").headings) == len(base.part("crimes").headings)
    assert local.part("suspects").file_pattern == "*suspect*.csv"


def test_the_joint_return_holds_two_forces():
    assert forces_of("norfolk-and-suffolk", "2023-Q1") == {"norfolk": "36/", "suffolk": "37/"}
    assert forces_of("kent", "2023-Q1") == {"kent": ""}


def test_national_layout_has_every_column_that_forces_are_asked_for():
    national = all_layouts()["national"]
    for kind in ("crimes", "victims", "suspects"):
        asked = [name for name in return_columns(kind) if name not in ("surname", "forenames")]
        assert sorted(national.part(kind).headings) == sorted(asked)


def test_no_layout_for_a_quarter_before_the_collection():
    with pytest.raises(LayoutError, match=r"kent has no layout for 2022-Q4.*force_layouts"):
        layout_for("kent", "2022-Q4")


@pytest.mark.parametrize(
    ("file", "row", "says"),
    [
        ("layout_columns", ["niche", "crimes", "Beat", "crimes", "beat", "Y", "", "", ""], "crimes.beat"),
        ("layout_columns", ["nich", "crimes", "Beat", "", "", "", "", "", ""], "nich"),
        ("layout_columns", ["niche", "crime", "Beat", "", "", "", "", "", ""], "no part crime"),
        (
            "force_layouts",
            ["kent", "niche", "2024-Q1", "", ""],
            "kent has two layouts at once, athena and niche",
        ),
        ("force_layouts", ["kent", "pronto", "2022-Q1", "2022-Q2", ""], "pronto"),
        ("layouts", ["pronto", "prnto", "all", "", "", "", "", "", "", "", "", "", ""], "based on 'prnto'"),
        (
            "layouts",
            ["pronto", "", "all", "*.csv", "csv", "", "", "", "", "", "crimes", "", ""],
            "no heading feeds",
        ),
    ],
)
def test_seeds_that_contradict_themselves_are_named(seeds, file, row, says):
    append(seeds / "layouts" / f"{file}.csv", row)
    with pytest.raises(LayoutError, match=says):
        all_layouts(seeds)


def test_a_new_layout_needs_rows_only(seeds):
    append(
        seeds / "layouts" / "layouts.csv",
        ["pronto", "athena", "all", "", "", "", "2", "", "", ";", "", "", ""],
    )
    append(
        seeds / "layouts" / "layout_columns.csv",
        ["pronto", "all", "Age of victim", "victims", "age_at_offence", "Y", "", "", ""],
        ["pronto", "all", "Victim's age", "victims", "age_at_offence", "Y", "", "", ""],
    )
    part = all_layouts(seeds)["pronto"].part("all")
    assert (part.delimiter, part.banner_rows, part.encoding) == (";", 2, "utf-8-sig")
    assert [row.heading for row in part.sources["victims", "age_at_offence"]] == [
        "Age of victim",
        "Victim's age",
    ]
    assert "VictimAge" not in part.headings
