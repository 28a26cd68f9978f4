import csv
import shutil
from dataclasses import replace

import pytest
from written import crime, suspect, victim, write_return

from orchestration import quarters
from orchestration.home import SEEDS
from orchestration.returns import mapping, parsing
from orchestration.returns.layouts import all_layouts, delivered, forces_of, layout_for
from orchestration.returns.layouts.parts import RECORD_TYPES, LayoutError
from orchestration.returns.layouts.written import return_columns


@pytest.fixture
def seeds(tmp_path):
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    return copy


def append(path, *rows):
    """Rows for a seed: lists of its first cells, or dicts of those that are not blank."""
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writerows(
            row if isinstance(row, dict) else dict(zip(columns, row, strict=False)) for row in rows
        )


def test_every_force_record_type_and_quarter_has_one_layout():
    with (SEEDS / "forces.csv").open(encoding="utf-8") as file:
        forces = list(csv.DictReader(file))
    quarter = "2023-Q1"
    while quarter <= "2026-Q4":
        owing = {
            row["force"]
            for row in forces
            if row["from_quarter"] <= quarter and (not row["to_quarter"] or quarter <= row["to_quarter"])
        }
        names = delivered(quarter)
        assert {force for name in names for force in forces_of(name, quarter)} == owing
        # alone, whoever it sends with; `layout_for` raises for none and for more than one
        for name in {*names, *owing}:
            layout = layout_for(name, quarter)
            parts = [part.part for part in layout.parts]
            assert len(parts) == len(set(parts)), (name, quarter)
            assert {kind for part in layout.parts for kind in part.contains} == set(RECORD_TYPES)
        quarter = quarters.following(quarter)
    assert len(forces) == 44


def test_the_mets_changeover_is_one_return_in_two_layouts(tmp_path):
    layouts = [layout_for("metropolitan", quarter).layout for quarter in ("2023-Q4", "2024-Q1", "2024-Q2")]
    assert layouts == ["national", "metropolitan-changeover", "connect"]
    both = layout_for("metropolitan", "2024-Q1")
    cris, connect = crime(1, "{}/24"), crime(2, "01/000{}/24")
    for part in both.parts:
        (of,) = [cris] if part.layout == "national" else [connect]
        records = {"crimes": [of], "victims": [victim(of)], "suspects": [suspect(of)]}
        files = write_return(tmp_path / part.layout / part.part, replace(both, parts=(part,)), records)
        for name, path in files.items():
            path.rename(tmp_path / name)
    files = {path.name: path for path in tmp_path.iterdir() if path.is_file()}
    assert sorted(files) == ["crimes.csv", "return.xlsx", "suspects.csv", "victims.csv"]
    found = mapping.records(parsing.read(files, both))
    for kind in RECORD_TYPES:
        rows = [(row["layout"], row["crime_reference"]) for row in found[kind].to_pylist()]
        assert sorted(rows) == [("connect", "01/0001002/24"), ("national", "1001/24")]


def test_a_layout_on_two_with_the_same_part_says_which(seeds):
    row = ["both", "", "extra", "extra.csv", "csv", "", "", "", "", "", "crimes", "", ""]
    rows = [[row[0], base, *row[2:]] for base in ("niche", "national")]
    rows[1][2], rows[1][3] = "more", "more.csv"
    append(seeds / "layouts" / "layouts.csv", *rows)
    with pytest.raises(LayoutError, match=r"both is based on national, niche, and both have a part crimes"):
        all_layouts(seeds)


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


def test_no_layout_for_a_quarter_before_the_first():
    with pytest.raises(LayoutError, match=r"kent has no layout for 2013-Q4.*force_layouts"):
        layout_for("kent", "2013-Q4")


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
        ("force_layouts", ["kent", "niche", "2022Q1", "2022-Q2", ""], "kent: .*2022Q1"),
        ("force_layouts", ["kent", "niche", "2022-Q3", "2022-Q2", ""], "kent ends in 2022-Q2"),
        ("force_layouts", ["kant", "niche", "2022-Q1", "", ""], "kant is no force"),
        (
            "joint_returns",
            ["norfolk-and-suffolk", "sufolk", "38/", "2023-Q1", ""],
            "'sufolk', which is no force",
        ),
        ("joint_returns", ["kent-and-essex", "kent", "46/", "2023-Q1", ""], "kent-and-essex has no layout"),
        (
            "layout_columns",
            ["niche", "crimes", "On", "crimes", "recorded_on", "Y", "", "", ""],
            "'On'.*%d/%m",
        ),
        (
            "layout_columns",
            ["niche", "crimes", "On", "crimes", "recorded_on", "Y", "%d/%m/%y", "", ""],
            "'%d/%m/%y'",
        ),
        ("layout_columns", ["niche", "crimes", "St", "crimes", "status", "Y", "%Y-%m-%d", "", ""], "no date"),
        ("layouts", ["niche-2", "niche", "crimes", "", "", "", "", "", "utf8", "", "", "", ""], "'utf8'"),
        ("layouts", ["niche-2", "niche", "crimes", "", "", "", "", "", "", ":", "", "", ""], "delimiter ':'"),
        ("layouts", ["pronto", "prnto", "all", "", "", "", "", "", "", "", "", "", ""], "based on 'prnto'"),
        (
            "layouts",
            ["pronto", "", "all", "*.csv", "csv", "", "", "", "", "", "crimes", "", ""],
            "no heading feeds",
        ),
    ],
)
def test_seeds_that_contradict_themselves_are_named(seeds, file, row, says):
    append(seeds / ("" if file == "joint_returns" else "layouts") / f"{file}.csv", row)
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


PRONTO = {
    "Ref.": ("crimes.crime_reference", "victims.crime_reference", "suspects.crime_reference"),
    "Klass": ("crimes.offence_code",),
    "Put on": ("crimes.recorded_on",),
    "State": ("crimes.status",),
    "Injured party": ("victims.victim_reference",),
    "IP sex": ("victims.gender",),
    "Wanted": ("suspects.suspect_reference",),
    "Wanted born": ("suspects.date_of_birth",),
    "Printed by": (".",),
}
ALL_TYPES = "crimes+victims+suspects"


def test_a_seventh_crime_system_needs_rows_only(seeds, tmp_path):
    append(
        seeds / "layouts" / "layouts.csv",
        [
            "pronto",
            "",
            "all",
            "*.txt",
            "csv",
            "",
            "2",
            "1",
            "utf-16",
            "tab",
            "crimes+victims+suspects",
            "-",
            "a seventh crime system",
        ],
    )
    shapes = {"recorded_on": "%d-%b-%Y %H:%M", "date_of_birth": "%d.%m.%Y"}
    append(
        seeds / "layouts" / "layout_columns.csv",
        *(
            ["pronto", "all", heading, *target.split("."), "Y", shapes.get(target.split(".")[1], ""), "", ""]
            for heading, targets in PRONTO.items()
            for target in targets
        ),
    )
    used = (seeds / "layouts" / "force_layouts.csv").read_text(encoding="utf-8")
    used = used.replace("kent,athena,2014-Q1,,", "kent,athena,2014-Q1,2025-Q1,\nkent,pronto,2025-Q2,,")
    (seeds / "layouts" / "force_layouts.csv").write_text(used, encoding="utf-8")

    rows = [
        ["Printed for the quarter"],
        ["", ""],
        list(PRONTO),
        ["e.g. 46/1/25", "19E", "01-APR-2025 09:30", "Live", "P1", "F", "P2", "01.02.1990", "-"],
        ["46/0001/25", "19/16", "07-APR-2025 23:59", "Live", "P1", "F", "P2", "01.02.1990", "-"],
        ["46/0002/25", "0100200", "31-MAY-2025 00:00", "-", "P3", "caf\u00e9\tM", "-", "31.02.1990", "-"],
    ]
    path = tmp_path / "return.txt"
    with path.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(rows)
    layout = layout_for("kent", "2025-Q2", seeds)
    assert layout_for("kent", "2025-Q1", seeds).layout == "athena"
    found = mapping.records(parsing.read({path.name: path}, layout))

    def cells(kind, *columns):
        return [tuple(row[name] for name in columns) for row in found[kind].to_pylist()]

    assert cells("crimes", "record_number", "crime_reference", "offence_code", "recorded_on", "status") == [
        (2, "46/0001/25", "19/16", "2025-04-07", "Live"),
        (3, "46/0002/25", "0100200", "2025-05-31", None),
    ]
    assert cells("victims", "crime_reference", "victim_reference", "gender") == [
        ("46/0001/25", "P1", "F"),
        ("46/0002/25", "P3", "caf\u00e9\tM"),
    ]
    # 31 February is no day: it stays as it came
    assert cells("suspects", "crime_reference", "suspect_reference", "date_of_birth") == [
        ("46/0001/25", "P2", "1990-02-01"),
        ("46/0002/25", None, "31.02.1990"),
    ]
