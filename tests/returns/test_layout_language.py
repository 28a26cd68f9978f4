"""What rows of the layout seeds can describe, and what happens where a file differs."""

import csv
import io
import shutil
import zipfile

import duckdb
import pyarrow as pa
import pytest
import xlsxwriter
from written import crime, victim, write_return

from orchestration.home import SEEDS, Home, seed_rows
from orchestration.returns import intake, mapping, parsing, raw
from orchestration.returns.grids import joined_headings
from orchestration.returns.layouts import all_layouts, written
from orchestration.returns.layouts.parts import LayoutError, fits_sheet
from orchestration.returns.parsing import Unreadable

LAYOUTS = all_layouts()
DATES = {"recorded_on": "%Y-%m-%d", "date_of_birth": "%d/%m/%Y"}
MUST = {
    "Ref": ("crimes.crime_reference", "victims.crime_reference", "suspects.crime_reference"),
    "Code": ("crimes.offence_code",),
    "Put on": ("crimes.recorded_on",),
    "Status": ("crimes.status",),
}
FLAT = {"Victim": ("victims.victim_reference",), "Suspect": ("suspects.suspect_reference",)}
OF_CRIMES = ["46/1/23", "19E", "2023-02-03", "recorded"]


@pytest.fixture
def seeds(tmp_path):
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    return copy


def add(seeds, seed, *rows):
    written.load.cache_clear()
    path = seeds / "layouts" / f"{seed}.csv"
    kept = seed_rows(f"layouts/{seed}.csv", seeds)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *rows])


def part_row(part, **cells):
    same = {"layout": "made", "file_pattern": "*.csv", "format": "csv", "contains": "crimes+victims+suspects"}
    return {**same, "part": part, **cells}


def column_rows(part, headings):
    """A row for each (heading, what it feeds); a target without a record type is a heading that is ignored."""
    return [
        {
            **{"layout": "made", "part": part, "heading": heading, "must": "Y" if kind else ""},
            **{"record_type": kind, "column": column, "date_format": DATES.get(column, "")},
        }
        for heading, targets in headings
        for kind, _, column in (target.partition(".") for target in targets)
    ]


def layout_of(seeds, parts, headings):
    """A layout of `parts` (part: cells of layouts.csv) with `headings` (part: heading -> what it feeds)."""
    add(seeds, "layouts", *(part_row(part, **cells) for part, cells in parts.items()))
    rows = [row for part, of in headings.items() for row in column_rows(part, of.items())]
    add(seeds, "layout_columns", *rows)
    return all_layouts(seeds)["made"]


def csv_file(folder, *rows, name="return.csv"):
    folder.mkdir(exist_ok=True)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / name).write_text(text.getvalue(), encoding="utf-8", newline="")
    return {name: folder / name}


def records_of(files, layout):
    return {kind: table.to_pylist() for kind, table in mapping.records(parsing.read(files, layout)).items()}


def told(files, layout):
    with pytest.raises(Unreadable) as refused:
        records_of(files, layout)
    return [str(reason) for reason in refused.value.reasons]


def cells(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


# a condition on a row ------------------------------------------------------------------------------------------------

ROLES = {
    "crimes": {"contains": "crimes"},
    "victims": {"contains": "victims", "when_heading": "Role", "when_values": "VIC|Aggrieved"},
    "suspects": {
        "contains": "suspects", "when_heading": "Role", "when_values": "SUS", "when_ignored": "WIT|Informant",
    },
}  # fmt: skip
ROLE_HEADINGS = {
    "crimes": {heading: targets[:1] for heading, targets in MUST.items()},
    **{
        kind: {
            "Ref": (f"{kind}.crime_reference",),
            "Person": (f"{kind}.{kind[:-1]}_reference",),
            "Sex": (f"{kind}.gender",),
        }
        for kind in ("victims", "suspects")
    },
}
ROLE_HEAD = ["Ref", "Code", "Put on", "Status", "Role", "Person", "Sex"]


@pytest.fixture
def by_role(seeds):
    return layout_of(seeds, ROLES, ROLE_HEADINGS)


def test_a_row_is_what_its_role_says(by_role, tmp_path):
    rows = [
        [*OF_CRIMES, "VIC", "P1", "F"],
        [*OF_CRIMES, "aggrieved\u00a0", "P2", "M"],
        [*OF_CRIMES, "Sus", "P3", "M"],
        # two persons not known are two rows, and stay two
        [*OF_CRIMES, "SUS", "", "M"],
        [*OF_CRIMES, "SUS", "", "M"],
        # a row with the word for a victim is one, though it holds no more
        ["46/2/23", *OF_CRIMES[1:], "VIC", "", ""],
        # known, and nobody the return asks for; a crime alone
        [*OF_CRIMES, "WIT", "P9", "F"],
        ["46/3/23", *OF_CRIMES[1:], "", "", ""],
    ]
    found = records_of(csv_file(tmp_path / "in", ROLE_HEAD, *rows), by_role)
    assert cells(found["crimes"], "crime_reference", "record_number") == [
        ("46/1/23", 1), ("46/2/23", 6), ("46/3/23", 8),
    ]  # fmt: skip
    assert cells(found["victims"], "victim_reference", "record_number") == [("P1", 1), ("P2", 2), (None, 6)]
    assert cells(found["suspects"], "suspect_reference", "record_number") == [("P3", 3), (None, 4), (None, 5)]


@pytest.mark.parametrize("role", ["OFF", ""])
def test_a_person_in_no_known_role_refuses_the_return(by_role, tmp_path, role):
    rows = [[*OF_CRIMES, "VIC", "P1", "F"], [*OF_CRIMES, role, "Zebulon", "F"]]
    (reason,) = told(csv_file(tmp_path / "in", ROLE_HEAD, *rows), by_role)
    assert reason.startswith(
        "ST24 return.csv: 1 records (the first is record 2) hold under 'Role' none of the words"
    )
    assert "Zebulon" not in reason and "OFF" not in reason


def test_the_heading_of_the_role_has_to_come(by_role, tmp_path):
    head = [heading for heading in ROLE_HEAD if heading != "Role"]
    (reason,) = told(csv_file(tmp_path / "in", head, [*OF_CRIMES, "P1", "F"]), by_role)
    assert reason.startswith("ST08 return.csv: heading 'Role' is missing")


def test_a_file_with_a_row_type_has_crimes_by_condition_too(seeds, tmp_path):
    parts = {**ROLES, "crimes": {"contains": "crimes", "when_heading": "Role", "when_values": "CRIME"}}
    layout = layout_of(seeds, parts, ROLE_HEADINGS)
    rows = [[*OF_CRIMES, "CRIME", "", ""], ["46/1/23", "", "", "", "VIC", "P1", "F"]]
    found = records_of(csv_file(tmp_path / "in", ROLE_HEAD, *rows), layout)
    assert [len(found[kind]) for kind in ("crimes", "victims", "suspects")] == [1, 1, 0]


# groups side by side -------------------------------------------------------------------------------------------------

WIDE = {
    **MUST,
    "Victim": ("victims.victim_reference",),
    "S{n} id": ("suspects.suspect_reference",),
    "S{n} sex": ("suspects.gender",),
    "Of victim": ("suspects.victim_reference",),
}
WIDE_HEAD = ["Ref", "Code", "Put on", "Status", "Victim", "Of victim"]


@pytest.fixture
def wide(seeds):
    return layout_of(seeds, {"all": {"repeats": "3"}}, {"all": WIDE})


def groups(count):
    return [f"S{n} {what}" for n in range(1, count + 1) for what in ("id", "sex")]


def test_each_filled_group_is_a_person(wide, tmp_path):
    rows = [
        [*OF_CRIMES, "V1", "V1", "A", "M", "", "F", "C", ""],
        [*OF_CRIMES, "V2", "V1", "A", "M", "", "F", "C", ""],
        ["46/2/23", *OF_CRIMES[1:], "V3", "V3", "", "", "", "", "", ""],
    ]
    found = records_of(csv_file(tmp_path / "in", [*WIDE_HEAD, *groups(3)], *rows), wide)
    # of two victims the crime has two rows, and its suspects once
    assert sorted(cells(found["suspects"], "place_in_row", "suspect_reference", "gender", "victim_reference")) == [
        (1, "A", "M", "V1"), (2, None, "F", "V1"), (3, "C", None, "V1"),
    ]  # fmt: skip
    assert {row["record_number"] for row in found["suspects"]} == {1}
    assert len(found["victims"]) == 3 and len(found["crimes"]) == 2


def test_a_file_may_have_fewer_groups_but_none_in_the_midst_missing(wide, tmp_path):
    found = records_of(
        csv_file(tmp_path / "in", [*WIDE_HEAD, *groups(1)], [*OF_CRIMES, "V1", "", "A", "M"]), wide
    )
    assert cells(found["suspects"], "place_in_row", "suspect_reference") == [(1, "A")]
    head = [*WIDE_HEAD, *(heading for heading in groups(3) if "S2" not in heading)]
    (reason,) = told(csv_file(tmp_path / "gap", head, [*OF_CRIMES, "V1", "", "A", "M", "B", "F"]), wide)
    assert reason.startswith("ST08 return.csv: heading 'S2 id', 'S2 sex' is missing")
    (reason,) = told(
        csv_file(tmp_path / "half", [*WIDE_HEAD, *groups(1), "S2 sex"], [*OF_CRIMES, *"1234F"]), wide
    )
    assert "'S2 id' is missing" in reason


def test_a_group_more_than_the_layout_has_is_named(wide, tmp_path):
    (reason,) = told(csv_file(tmp_path / "in", [*WIDE_HEAD, *groups(4)], [*OF_CRIMES, *"VVAMBMCMDM"]), wide)
    assert reason.startswith("ST07 return.csv: unknown heading 'S4 id', 'S4 sex'")
    assert "not where it holds a person: the layout has 3 side by side" in reason


def test_what_is_met_in_a_group_says_which(wide, tmp_path):
    notes = []
    rows = [[*OF_CRIMES, "V1", "", "A", "M", "1.5E+20", "F", "C", "M"]]
    mapping.records(parsing.read(csv_file(tmp_path / "in", [*WIDE_HEAD, *groups(3)], *rows), wide), notes)
    (note,) = notes
    assert (note.code, note.column, note.records.tolist(), note.place_in_row) == (
        "RP51",
        "suspect_reference",
        [1],
        2,
    )


def test_parts_of_one_table_repeat_as_often_as_each_needs(seeds, tmp_path):
    parts = {
        "crimes": {"contains": "crimes"},
        "victims": {"contains": "victims", "repeats": "2"},
        "suspects": {"contains": "suspects", "repeats": "3"},
    }
    of = {
        kind: {
            "Ref": (f"{kind}.crime_reference",),
            f"{kind[0].upper()}{{n}}": (f"{kind}.{kind[:-1]}_reference",),
        }
        for kind in ("victims", "suspects")
    }
    layout = layout_of(seeds, parts, {"crimes": ROLE_HEADINGS["crimes"], **of})
    head = ["Ref", "Code", "Put on", "Status", "V1", "V2", "S1", "S2", "S3"]
    found = records_of(csv_file(tmp_path / "in", head, [*OF_CRIMES, "a", "b", "c", "", "e"]), layout)
    assert cells(found["victims"], "victim_reference", "place_in_row") == [("a", 1), ("b", 2)]
    assert cells(found["suspects"], "suspect_reference", "place_in_row") == [("c", 1), ("e", 3)]


# headings over several rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "headings"),
    [
        ([[" a ", "b\n c"]], ["a", "b c"]),
        ([["CRIME", "", "VICTIM", ""], ["No", "Code", "ID", "Sex"]], ["CRIME No", "CRIME Code", "VICTIM ID", "VICTIM Sex"]),
        # a heading merged downwards, a group row that ends early, columns beyond the table
        ([["Crime No", "VICTIM"], ["", "ID", "Sex", "", ""]], ["Crime No", "VICTIM ID", "VICTIM Sex", "", ""]),
        (
            [["P", "", "", "Q"], ["x", "", "y", ""], ["1", "2", "3", "4"]],
            ["P x 1", "P x 2", "P y 3", "Q 4"],
        ),
    ],
)  # fmt: skip
def test_headings_over_several_rows_are_joined(rows, headings):
    assert joined_headings(rows) == headings


TWO_ROWS = {f"C {heading}": targets for heading, targets in MUST.items()} | {
    "V ID": ("victims.victim_reference",),
    "S ID": ("suspects.suspect_reference",),
}


def test_a_csv_with_headings_over_two_rows(seeds, tmp_path):
    cells_of = {"heading_rows": "2", "banner_rows": "2", "example_rows": "1"}
    layout = layout_of(seeds, {"all": cells_of}, {"all": TWO_ROWS})
    rows = [
        ["Extract of the quarter"], ["made", "today", ""], ["C", "", "", "", "V", "S"],
        ["Ref", "Code", "Put\non", "Status", "ID", "ID"], ["e.g."] * 6, [*OF_CRIMES, "V1", "S1"],
    ]  # fmt: skip
    found = records_of(csv_file(tmp_path / "in", *rows), layout)
    assert cells(found["suspects"], "suspect_reference", "record_number") == [("S1", 2)]
    (reason,) = told(csv_file(tmp_path / "in", *rows[:3]), layout)
    assert reason.startswith(("ST14", "ST12"))


# sheets --------------------------------------------------------------------------------------------------------------


def workbook(folder, sheets, name="return.xlsx"):
    folder.mkdir(exist_ok=True)
    book = xlsxwriter.Workbook(folder / name)
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return {name: folder / name}


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        *(("Jan 2024", pattern, True) for pattern in ("Jan 2024", "* 2024", "??? 20??", "*", "jan*")),
        *(("Jan 2024", pattern, False) for pattern in ("jan 2024", "* 2023", "?? 2024", "Jan")),
        ("Jan\u00a02024", "??? 20??", True),
        ("a.b", "a?b*", True),
        ("a(1)", "a(*)", True),
    ],
)
def test_which_sheets_a_pattern_lets_in(name, pattern, fits):
    assert fits_sheet(name, pattern) == fits


FLAT_HEAD = ["Ref", "Code", "Put on", "Status", "Victim", "Suspect"]


@pytest.fixture
def months(seeds):
    part = {"file_pattern": "*.xlsx", "format": "xlsx", "sheet": "* 20??"}
    return layout_of(seeds, {"all": part}, {"all": MUST | FLAT})


def test_monthly_sheets_are_one_table(months, tmp_path):
    sheets = {
        "Notes": [["nothing"]],
        "Jan 2023": [FLAT_HEAD, [*OF_CRIMES, "V1", "S1"]],
        "Feb 2023": [FLAT_HEAD],
        "Mar 2023": [FLAT_HEAD, ["46/3/23", *OF_CRIMES[1:], "V3", "S3"]],
    }
    found = records_of(workbook(tmp_path / "in", sheets), months)
    assert cells(found["crimes"], "crime_reference", "sheet", "record_number") == [
        ("46/1/23", "Jan 2023", 1), ("46/3/23", "Mar 2023", 1),
    ]  # fmt: skip
    (reason,) = told(workbook(tmp_path / "none", {"January": [FLAT_HEAD]}), months)
    assert reason.startswith("ST05 return.xlsx: has no sheet '* 20??' for the all; its sheets are 'January'")


def test_a_month_under_another_name_is_not_left_out(months, tmp_path):
    sheets = {
        "Jan 2023": [FLAT_HEAD, [*OF_CRIMES, "V1", "S1"]],
        "February": [FLAT_HEAD, ["46/2/23", *OF_CRIMES[1:], "V3", "S3"]],
        "Notes": [["Ref", "what it means"]],
        "Blank": [],
    }
    (reason,) = told(workbook(tmp_path / "in", sheets), months)
    assert reason.startswith(
        "ST05 return.xlsx: sheet 'February' has the headings of the all, but its name does not fit"
    )


def test_a_sheet_that_two_parts_mean(seeds, tmp_path):
    part = {"file_pattern": "*.xlsx", "format": "xlsx"}
    layout = layout_of(
        seeds,
        {"one": {**part, "sheet": "1"}, "two": {**part, "sheet": "Data"}},
        {"one": MUST | FLAT, "two": MUST | FLAT},
    )
    (reason,) = told(workbook(tmp_path / "in", {"Data": [FLAT_HEAD, [*OF_CRIMES, "V1", "S1"]]}), layout)
    assert reason.startswith("ST04 return.xlsx: sheet 'Data' could be one and two")


# months in files of their own ----------------------------------------------------------------------------------------


def month(folder, number, crimes=2, prefix="2023-0{}-"):
    """A month's three files of the Niche layout."""
    of = [crime(100 * number + one, "52{}", recorded_on=f"2023-0{number}-10") for one in range(crimes)]
    records = {"crimes": of, "victims": [victim(one) for one in of], "suspects": []}
    files = write_return(folder / str(number), LAYOUTS["niche"], records)
    return {f"{prefix.format(number)}{name}": path for name, path in files.items()}


def test_monthly_files_are_parts_of_one_return(tmp_path):
    files = month(tmp_path, 1) | month(tmp_path, 2) | month(tmp_path, 3)
    found = records_of(files, LAYOUTS["niche"])
    assert len(found["crimes"]) == len(found["victims"]) == 6
    assert {(row["file"], row["record_number"]) for row in found["crimes"]} == {
        (f"2023-0{number}-crime.csv", record) for number in (1, 2, 3) for record in (1, 2)
    }


def test_monthly_zips_are_parts_of_one_return(tmp_path):
    files = {}
    for number in (1, 2):
        files[f"{number}.zip"] = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(files[f"{number}.zip"], "w") as packed:
            for name, path in month(tmp_path, number, prefix="").items():
                packed.write(path, name)
    assert len(records_of(files, LAYOUTS["niche"])["crimes"]) == 4


@pytest.mark.parametrize("table", ["crime", "victim"])
def test_a_file_that_comes_twice_is_no_month(tmp_path, table):
    files = month(tmp_path, 1)
    name = next(name for name in files if table in name)
    (reason,) = told({**files, f"copy of {name}": files[name]}, LAYOUTS["niche"])
    assert reason.startswith(
        f"ST03 {name} and copy of {name}: 2 files for one table have come, and 2 crime references"
    )
    assert "send the later one without it" in reason and "send one of them" not in reason


def test_a_month_without_one_of_its_tables_is_refused(tmp_path):
    files = month(tmp_path, 1) | month(tmp_path, 2) | month(tmp_path, 3)
    del files["2023-03-victim.csv"]
    (reason,) = told(files, LAYOUTS["niche"])
    assert reason.startswith(
        "ST03 3 files for the crimes (2023-01-crime.csv, 2023-02-crime.csv, 2023-03-crime.csv); 2 files"
    )
    # a whole quarter of one table beside months of another is no month short
    del files["2023-02-victim.csv"]
    assert len(records_of(files, LAYOUTS["niche"])["crimes"]) == 6


# dates, units, look-alikes -------------------------------------------------------------------------------------------


def sheet_of(recorded, reference="10/{}/23"):
    of = [crime(number, reference, recorded_on=text) for number, text in enumerate(recorded)]
    return {"crimes": of, "victims": [victim(one) for one in of], "suspects": []}


def test_a_time_of_day_under_a_date_is_dropped(tmp_path):
    texts = [f"2023-01-31 {hour}:00:00" for hour in range(10, 28) if hour < 24] + ["2023-01-31", "2023-01-30"]
    found = records_of(write_return(tmp_path, LAYOUTS["connect"], sheet_of(texts)), LAYOUTS["connect"])
    assert {row["recorded_on"] for row in found["crimes"]} == {"2023-01-31", "2023-01-30"}


@pytest.mark.parametrize(
    ("column", "bad", "good"),
    [
        *(("recorded_on", *counts) for counts in ((1, 0), (2, 1), (20, 3))),
        *(("reported_on", *counts) for counts in ((4, 0), (4, 3), (20, 3))),
    ],
)
def test_a_column_in_another_format_is_refused(tmp_path, column, bad, good):
    of = [
        crime(number, "46/{}/23", **{column: "03/02/2023" if number < bad else "2023-02-03"})
        for number in range(bad + good)
    ]
    files = write_return(tmp_path, LAYOUTS["athena"], {"crimes": of, "victims": [], "suspects": []})
    heading = {"recorded_on": "DateRecorded", "reported_on": "DateReported"}[column]
    (reason,) = told(files, LAYOUTS["athena"])
    assert reason.startswith(
        f"ST23 return.csv: most dates under '{heading}' (%Y-%m-%d) are not written as layout"
    )
    assert "03/02" not in reason


@pytest.mark.parametrize(
    ("column", "bad", "good"),
    [("recorded_on", 1, 1), ("recorded_on", 5, 6), ("reported_on", 3, 0), ("reported_on", 4, 4)],
)
def test_single_cells_in_another_format_are_left_to_the_rules(tmp_path, column, bad, good):
    of = [
        crime(number, "46/{}/23", **{column: "03/02/2023" if number < bad else "2023-02-03"})
        for number in range(bad + good)
    ]
    files = write_return(tmp_path, LAYOUTS["athena"], {"crimes": of, "victims": [], "suspects": []})
    found = records_of(files, LAYOUTS["athena"])
    assert sorted(row[column] for row in found["crimes"]) == ["03/02/2023"] * bad + ["2023-02-03"] * good


def test_months_of_the_year_read_as_days_of_the_month_are_refused(tmp_path):
    # month first: three of five are no day
    texts = ["02/13/2023", "02/14/2023", "02/28/2023", "03/30/2023", "02/03/2023"]
    files = write_return(tmp_path, LAYOUTS["niche"], sheet_of(texts))
    assert [reason[:4] for reason in told(files, LAYOUTS["niche"])] == ["ST23"]


def test_words_and_years_under_a_date_are_no_other_format(tmp_path):
    of = [crime(number, "46/{}/23", reported_on="unknown") for number in range(5)]
    records = {"crimes": of, "victims": [victim(one, date_of_birth="2011") for one in of], "suspects": []}
    found = records_of(write_return(tmp_path, LAYOUTS["athena"], records), LAYOUTS["athena"])
    assert {row["date_of_birth"] for row in found["victims"]} == {"2011"}


def test_a_number_has_the_unit_that_its_heading_has(seeds, tmp_path):
    layout_of(seeds, {"all": {}}, {"all": MUST | FLAT})
    row = {"layout": "made", "part": "all", "must": "Y"}
    add(
        seeds,
        "layout_columns",
        {
            **row,
            "heading": "Age (months)",
            "record_type": "victims",
            "column": "age_at_offence",
            "unit": "months",
        },
        {**row, "heading": "Age", "record_type": "suspects", "column": "age_at_offence", "unit": "years"},
    )
    layout = all_layouts(seeds)["made"]
    head = [*FLAT_HEAD, "Age (months)", "Age"]
    rows = [
        [f"46/{number}/23", *OF_CRIMES[1:], f"V{number}", f"S{number}", months, "40"]
        for number, months in enumerate(["168", "168.0", "14 yrs", "<1", "9.5", ""])
    ]
    found = records_of(csv_file(tmp_path / "in", head, *rows), layout)
    ages = [row["age_at_offence"] for row in found["victims"]]
    assert ages == ["168 months", "168 months", "14 yrs", "<1", "9.5 months", None]
    assert {row["age_at_offence"] for row in found["suspects"]} == {"40"}


@pytest.mark.parametrize("many", [0, 80])
def test_look_alike_references_codes_and_dates_are_one(tmp_path, many):
    of = [crime(number, "46/{}/23") for number in range(many)]
    of.append(crime(500, "46/{}/23"))
    looks = {
        "crime_reference": "\uff14\uff16/1500\u200b/23", "offence_code": "19\uff25",
        "recorded_on": "\uff12023-02-03", "status": "recorded\ufe0f",
    }  # fmt: skip
    records = {
        "crimes": of,
        "victims": [victim({"crime_reference": looks["crime_reference"]})],
        "suspects": [],
    }
    files = write_return(tmp_path, LAYOUTS["national"], records)
    files["crimes.csv"].write_bytes(
        files["crimes.csv"].read_bytes() + (",".join(_row(looks)) + "\r\n").encode()
    )
    notes = []
    found = mapping.records(parsing.read(files, LAYOUTS["national"]), notes)
    same = [row for row in found["crimes"].to_pylist() if row["crime_reference"] == "46/1500/23"]
    assert len(same) == 2
    assert {(row["offence_code"], row["recorded_on"], row["status"]) for row in same} == {
        ("19E", "2023-02-03", "recorded")
    }
    assert found["victims"]["crime_reference"].to_pylist() == ["46/1500/23"]
    met = {(note.record_type, note.column) for note in notes if note.code == "RP06"}
    assert met == {("victims", "crime_reference"), *(("crimes", column) for column in looks)}


def _row(looks):
    return [looks.get(heading, "") for heading in LAYOUTS["national"].part("crimes").headings]


def test_a_heading_with_a_no_break_space_is_that_heading(tmp_path):
    files = write_return(tmp_path, LAYOUTS["connect"], sheet_of(["2023-02-03"]))
    grid = parsing.read(files, LAYOUTS["connect"])[0]
    files = write_return(tmp_path / "niche", LAYOUTS["niche"], sheet_of(["2023-02-03"], "45{}"))
    path = files["victim.csv"]
    path.write_bytes(path.read_bytes().replace(b"Victim Gender", b"Victim\xa0Gender"))
    assert "Victim Gender" in parsing.read(files, LAYOUTS["niche"])[1].columns
    assert "[Victim Gender]" in grid.columns


# rows that cannot be used --------------------------------------------------------------------------------------------


def of_part(kind, part="more", **cells):
    return part_row(part, file_pattern="m.csv", contains=kind, **cells)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (of_part("victims"), r"made, part more: no heading feeds victims\.crime_reference, victim_reference"),
        (of_part("victims", when_heading="Role"), r"part more has only one of when_heading and when_values"),
        (of_part("victims", when_values="VIC"), r"part more has only one of when_heading and when_values"),
        (
            of_part("victims", when_heading="Role", when_values="VIC", when_ignored="vic"),
            r"part more has vic in when_values and when_ignored",
        ),
        (of_part("victims", repeats="2"), r"part more has repeats 2 and no heading with \{n\}"),
        (of_part("victims", repeats="two"), r"part more: repeats is 'two'; write a number"),
        (of_part("victims", heading_rows="4"), r"part more has 4 heading_rows"),
        (of_part("victims", banner_rows="-1"), r"part more: banner_rows is '-1'"),
        (of_part("victims", part="all"), r"part 'all' has two rows"),
        (of_part("victims", part=""), r"part '' has no name"),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_read_is_named(seeds, part, says):
    add(seeds, "layouts", part_row("all", file_pattern="x.csv"), part)
    add(seeds, "layout_columns", *column_rows("all", (MUST | FLAT).items()))
    with pytest.raises(LayoutError, match=says):
        all_layouts(seeds)


@pytest.mark.parametrize(
    ("headings", "says"),
    [
        ({"S{n} id": ("suspects.suspect_reference",)}, r"repeats '' and S\{n\} id"),
        ({"": ("",)}, "heading '' is blank"),
        (
            {"S1": ("suspects.suspect_reference",), "S2": ("",)},
            r"'S2' is ignored, but 'S1' has who a person is",
        ),
        ({"Ref": ("crimes.crime_reference",)}, r"heading 'Ref' has two rows for crimes\.crime_reference"),
    ],
)
def test_a_heading_that_loses_somebody_is_named(seeds, headings, says):
    named = {key: value for key, value in (MUST | FLAT).items() if "S1" not in headings or key != "Suspect"}
    add(seeds, "layouts", part_row("all"))
    add(seeds, "layout_columns", *column_rows("all", [*named.items(), *headings.items()]))
    with pytest.raises(LayoutError, match=says):
        all_layouts(seeds)


@pytest.mark.parametrize(
    "cells_of", [{"banner_rows": "1"}, {"encoding": "cp1252"}, {"delimiter": ";"}, {"heading_rows": "2"}]
)
def test_parts_of_one_table_have_one_dialect(seeds, cells_of):
    parts = {**ROLES, "suspects": {**ROLES["suspects"], **cells_of}}
    with pytest.raises(LayoutError, match="parts crimes and suspects read one table"):
        layout_of(seeds, parts, ROLE_HEADINGS)


@pytest.mark.parametrize("pattern", ["crimes.csv", "c*.csv", "*crime*.csv"])
def test_a_file_cannot_be_two_tables(seeds, pattern):
    parts = {"one": {}, "two": {"file_pattern": pattern, "contains": "crimes"}}
    with pytest.raises(LayoutError, match="a file for part two would be one for part one too"):
        layout_of(seeds, parts, {"one": MUST | FLAT, "two": ROLE_HEADINGS["crimes"]})


def test_a_sheet_pattern_lets_in_no_sheet_of_another_part(seeds):
    part = {"file_pattern": "*.xlsx", "format": "xlsx"}
    parts = {"one": {**part, "sheet": "*"}, "two": {**part, "sheet": "Data", "contains": "crimes"}}
    with pytest.raises(LayoutError, match="a file for part two would be one for part one too"):
        layout_of(seeds, parts, {"one": MUST | FLAT, "two": ROLE_HEADINGS["crimes"]})


@pytest.mark.parametrize(
    ("column", "cells_of", "says"),
    [
        ("gender", {"unit": "years"}, "unit 'years'; it is for ages alone"),
        ("age_at_offence", {"unit": "days"}, "unit 'days'; it is for ages alone"),
        ("date_of_birth", {"date_format": "%Y-%m-%d %H%H"}, r"%H%H"),
        ("date_of_birth", {"date_format": "%m/%Y"}, r"%m/%Y"),
        ("gender", {"separator": "-"}, "separator but no take"),
        ("gender", {"separator": "-", "take": "first"}, "take is 'first'"),
    ],
)
def test_a_column_row_that_cannot_be_used_is_named(seeds, column, cells_of, says):
    add(seeds, "layout_columns", {"layout": "niche", "part": "victims", "heading": "New", "record_type": "victims",
                                  "column": column, **cells_of})  # fmt: skip
    with pytest.raises(LayoutError, match=says):
        all_layouts(seeds)


def test_a_derived_layout_has_the_conditions_and_groups_of_its_base(seeds):
    layout_of(seeds, ROLES, ROLE_HEADINGS)
    derived = {"layout": "derived", "based_on": "made", "banner_rows": "2"}
    add(seeds, "layouts", *({**derived, "part": part} for part in ROLES))
    (part,) = all_layouts(seeds)["derived"].parts
    assert part.banner_rows == 2
    assert [feed.when and feed.when.values for feed in part.feeds] == [None, ("aggrieved", "vic"), ("sus",)]


# into the ledger -----------------------------------------------------------------------------------------------------


def test_a_home_from_before_a_column_was_added_is_still_read(tmp_path):
    home = Home(tmp_path / "home")
    old = raw.records_schema("suspects").remove(
        raw.records_schema("suspects").get_field_index("place_in_row")
    )
    row = {name: "x" for name in old.names} | {"submission": 1, "record_number": 1}
    for path in (
        home.raw / "suspects" / "none" / "none.0.parquet",
        raw.records_file(home, "suspects", "2023-Q1", "kent", 1),
    ):
        raw.write(pa.Table.from_pylist([] if "none" in path.name else [row], schema=old), path)
    raw.ensure(home)
    files = f"{home.raw}/suspects/*/*.parquet"
    found = duckdb.sql(
        f"select force, place_in_row from read_parquet('{files}', union_by_name = true)"
    ).fetchall()
    assert found == [("x", None)]


def test_a_return_in_months_has_the_records_its_manifest_says(tmp_path, monkeypatch):
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    home = Home(tmp_path / "home")
    folder = home.landing / "2023-Q1" / "surrey"
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        for name, path in month(tmp_path, number).items():
            shutil.copy(path, folder / name)
    listed = [
        ["file", "sha256", "records"],
        *([f"2023-0{n}-{kind}.csv", "", "2"] for n in (1, 2, 3) for kind in ("crime", "victim")),
    ]
    listed += [[f"2023-0{n}-suspect.csv", "", "0"] for n in (1, 2, 3)]
    csv_file(folder, *listed, name="manifest.csv")
    (receipt,) = intake.receive(home, "2023-Q1")
    assert (receipt.status, receipt.counts) == ("accepted", {"crimes": 6, "victims": 6, "suspects": 0})
