"""What a draft makes of headings rests on the cells below them as well, and what only a person can decide is asked."""

import csv
import random
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from written import write_return

from benchmarks import drafting as benchmark
from orchestration.command.layout import layout as layout_group
from orchestration.home import SEEDS, seed_rows
from orchestration.returns import layouts
from orchestration.returns.layouts import parts
from orchestration.returns.layouts.cells import CANNOT, FITS, Cells, fit
from orchestration.returns.layouts.drafting import draft
from orchestration.returns.layouts.headings import heading_words, known_headings
from orchestration.returns.layouts.repeated_groups import templates

ROWS = 60
PLAIN = {
    "Crime No": lambda at: f"46/{1000 + at}/27",
    "HO Code": lambda at: ("19/16", "17/15", "86/2", "71/17")[at % 4],
    "Date Recorded": lambda at: (date(2027, 1, 1) + timedelta(days=at)).strftime("%d/%m/%Y"),
    "Crime Status": lambda at: "Recorded" if at % 9 else "Cancelled",
    "Victim ID": lambda at: f"P{at}",
    "Victim Sex": lambda at: "FM"[at % 2],
    "Suspect ID": lambda at: f"S{at}",
    "Suspect Age": lambda at: str(20 + at % 40),
}


def write(path, columns, rows=ROWS, above=(), delimiter=","):
    """A CSV with a column for each heading, its cells made from the number of the row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows(above)
        writer.writerow(columns)
        writer.writerows([cell(at) for cell in columns.values()] for at in range(rows))
    return path


def drafted(path, **options):
    return draft({path.name: path}, "kent", "2027-Q1", **options)


def feeds(found):
    """heading -> the columns it is proposed for."""
    said = {}
    for one in found.proposals:
        said.setdefault(one.heading, set())
        if one.record_type:
            said[one.heading].add(f"{one.record_type}.{one.column}")
    return said


def about(found, heading):
    return [sentence for sentence in found.to_settle if repr(heading) in sentence]


@pytest.mark.parametrize(
    "heading", ["No. Offenders", "No Offenders", "Offenders No.", "Num of Suspects", "OFFENDERCOUNT"]
)
def test_a_number_of_offenders_is_no_reference(tmp_path, heading):
    columns = {name: cell for name, cell in PLAIN.items() if name != "Suspect ID"}
    found = drafted(write(tmp_path / "all.csv", columns | {heading: lambda at: str(1 + at % 4)}))
    assert feeds(found)[heading] == {"crimes.offenders_stated"}


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (lambda at: str(1 + at % 4), "small numbers"),
        (lambda at: "YN"[at % 2], "flags"),
        (lambda at: f"{1 + at % 28:02}/01/2027", "dates"),
        (lambda at: f"R{at % 3}", "often the same"),
        (lambda at: ("19/16", "17/15", "86/2", "71/17", "22/2", "20/5", "22/6")[at % 7], "offence codes"),
    ],
)
def test_cells_that_name_nobody_are_no_reference(tmp_path, cells, says):
    found = drafted(write(tmp_path / "all.csv", PLAIN | {"Suspect ID": cells}))
    assert "suspects.suspect_reference" not in feeds(found)["Suspect ID"]
    (sentence,) = about(found, "Suspect ID")
    assert says in sentence
    assert any("suspects.suspect_reference" in sentence for sentence in found.to_settle)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("crimes.recorded_on", lambda at: f"team {at}"),
        ("victims.gender", lambda at: f"{at}.5"),
        ("suspects.age_at_offence", lambda at: str(1000 + at)),
        ("crimes.offence_code", lambda at: str(at)),
    ],
)
def test_cells_of_another_kind_are_left_open(tmp_path, column, cells):
    heading = next(name for name in PLAIN if column in feeds_of_plain(tmp_path)[name])
    found = drafted(write(tmp_path / "all.csv", PLAIN | {heading: cells}))
    assert feeds(found)[heading] == set()
    assert about(found, heading)


def feeds_of_plain(tmp_path):
    return feeds(drafted(write(tmp_path / "plain.csv", PLAIN)))


def test_a_plain_extract_is_understood(tmp_path):
    assert feeds_of_plain(tmp_path) == {
        "Crime No": {"crimes.crime_reference", "victims.crime_reference", "suspects.crime_reference"},
        "HO Code": {"crimes.offence_code"},
        "Date Recorded": {"crimes.recorded_on"},
        "Crime Status": {"crimes.status"},
        "Victim ID": {"victims.victim_reference"},
        "Victim Sex": {"victims.gender"},
        "Suspect ID": {"suspects.suspect_reference"},
        "Suspect Age": {"suspects.age_at_offence"},
    }


@pytest.mark.parametrize(
    ("heading", "other", "column"),
    [
        ("Date Recorded", "Date Crimed", "crimes.recorded_on"),
        ("Victim Sex", "Vic. Gender", "victims.gender"),
        ("Suspect ID", "Offender Ref", "suspects.suspect_reference"),
        ("Crime No", "Offence Ref", "crimes.crime_reference"),
    ],
)
def test_two_headings_for_one_column_are_for_a_person(tmp_path, heading, other, column):
    found = drafted(write(tmp_path / "all.csv", PLAIN | {other: PLAIN[heading]}))
    assert feeds(found)[heading] == feeds(found)[other] == set()
    for one in (heading, other):
        assert any(column in sentence for sentence in about(found, one))


def test_a_heading_that_names_no_person_is_for_a_person(tmp_path):
    """Also where the victim's own column is there: `Sex` is not the suspect's because it is not the victim's."""
    found = drafted(write(tmp_path / "all.csv", PLAIN | {"Sex": PLAIN["Victim Sex"]}))
    assert feeds(found)["Sex"] == set()
    assert "victims.gender or suspects.gender" in about(found, "Sex")[0]


STRANGE = {
    f"FLD_{number:03}": cell
    for number, cell in enumerate(cell for name, cell in PLAIN.items() if name != "HO Code")
}


@pytest.mark.parametrize(
    "rename", [str, lambda name: name.replace("FLD", "Kolom"), lambda name: f"\u03b1{name}"]
)
def test_an_unknown_vocabulary_is_drafted_with_everything_to_settle(tmp_path, rename):
    columns = {rename(name): cell for name, cell in STRANGE.items()}
    found = drafted(write(tmp_path / "all.csv", columns, above=[["Extract"], []]))
    assert feeds(found) == {name: set() for name in columns}
    assert all(about(found, name) for name in columns)
    assert found.layouts[0]["banner_rows"] == "2"
    must = {f"{kind}.{column}" for kind, column in known_headings(SEEDS).must}
    assert must <= {word for sentence in found.to_settle for word in sentence.replace(",", " ").split()}


def test_offence_codes_are_known_whatever_they_are_called_and_asked_about(tmp_path):
    found = drafted(write(tmp_path / "all.csv", STRANGE | {"FLD_900": PLAIN["HO Code"]}))
    assert feeds(found)["FLD_900"] == {"crimes.offence_code"}
    assert about(found, "FLD_900")[0].startswith("'FLD_900': is it crimes.offence_code?")


def test_it_can_be_told_the_heading_row(tmp_path):
    """Headings of one word that the rows below do not differ from: not found, unless it is given."""
    words = {
        name: lambda at: "".join("abcdefgh"[at // 8**place % 8] for place in (2, 1, 0))
        for name in ("Alpha", "Beta", "Gamma")
    }
    path = write(tmp_path / "all.csv", words, above=[["Title"]])
    answer = CliRunner().invoke(layout_group, ["draft", str(path), "--force", "kent"])
    assert answer.exit_code == 1
    assert "give it with --heading-row" in answer.output
    assert set(feeds(drafted(path, heading_row=2))) == set(words)
    # a row of records taken for headings would be shown
    path = write(tmp_path / "records.csv", PLAIN)
    answer = CliRunner().invoke(layout_group, ["draft", str(path), "--force", "kent", "--heading-row", "3"])
    assert answer.exit_code == 1
    assert "row 3 looks like a record" in answer.output
    assert "46/1001" not in answer.output


def test_headings_that_stand_again_on_each_page_are_headings(tmp_path):
    path = write(tmp_path / "all.csv", PLAIN)
    lines = path.read_text(encoding="utf-8").splitlines()
    pages = [line for at in range(1, len(lines), 10) for line in (lines[0], *lines[at : at + 10])]
    path.write_text("\n".join(pages) + "\n", encoding="utf-8")
    assert feeds(drafted(path))["HO Code"] == {"crimes.offence_code"}


def test_what_is_quoted_of_a_files_headings_is_bounded(tmp_path):
    columns = PLAIN | {f"FLD_{at:04}{'x' * 85}": lambda at: f"team {at}" for at in range(400)}
    answer = CliRunner().invoke(
        layout_group,
        [
            "draft",
            str(write(tmp_path / "all.csv", columns)),
            "--force",
            "kent",
            "--into",
            str(tmp_path / "rows"),
        ],
    )
    assert answer.exit_code == 0
    assert max(map(len, answer.output.splitlines())) < 400
    assert "more: --json has them all" in answer.output


def test_a_heading_that_stands_twice_is_told(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(
        "Crime No,HO Code,Status,Sex,Sex\n" + "".join(f"46/{at}/27,19E,Recorded,F,M\n" for at in range(9))
    )
    found = drafted(path)
    assert any("'Sex' stands over more than one column" in sentence for sentence in found.to_settle)


def test_months_of_one_table_are_one_part(tmp_path):
    files = {}
    for month in ("jan", "feb", "mar"):
        path = write(tmp_path / f"extract_{month}_2027.csv", PLAIN)
        files[path.name] = path
    found = draft(files, "kent", "2027-Q1")
    assert [row["file_pattern"] for row in found.layouts] == ["*.csv"]
    assert len(found.layout_columns) == len(
        {(row["heading"], row["record_type"], row["column"]) for row in found.layout_columns}
    )


def test_roles_that_no_word_is_known_for_are_counted_and_not_shown(tmp_path):
    roles = ("VIC", "SUS", "Zebedee")
    columns = {name: cell for name, cell in PLAIN.items() if not name.startswith(("Victim", "Suspect"))}
    columns |= {"Person Role": lambda at: roles[at % 3], "Person ID": lambda at: f"P{at}"}
    columns |= {"Sex": lambda at: "FM"[at % 2]}
    found = drafted(write(tmp_path / "all.csv", columns))
    assert {(row["contains"], row["when_heading"], row["when_values"]) for row in found.layouts} == {
        ("crimes", "", ""),
        ("victims", "Person Role", "VIC"),
        ("suspects", "Person Role", "SUS"),
    }
    assert feeds(found)["Sex"] == {"victims.gender", "suspects.gender"}
    assert f"{ROWS // 3} rows have neither" in about(found, "Person Role")[0]
    assert "Zebedee" not in repr(found)


def test_roles_of_one_letter_need_a_heading_that_says_so(tmp_path):
    columns = {name: cell for name, cell in PLAIN.items() if not name.startswith(("Victim", "Suspect"))}
    columns |= {"Person ID": lambda at: f"P{at}"}
    for heading, expected in (("Person Type", {"V", "S", ""}), ("Grade", {""})):
        found = drafted(write(tmp_path / "all.csv", columns | {heading: lambda at: "VSW"[at % 3]}))
        assert {row["when_values"] for row in found.layouts} == expected


def test_a_second_heading_beside_that_of_a_layout_is_for_a_person(tmp_path):
    files = write_return(
        tmp_path, layouts.all_layouts()["national"], {kind: [] for kind in parts.RECORD_TYPES}
    )
    path = files["victims.csv"]
    headings = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    cells = {name: lambda at: "" for name in headings}
    cells |= {"crime_reference": PLAIN["Crime No"], "victim_reference": PLAIN["Victim ID"]}
    write(path, cells | {"gender": PLAIN["Victim Sex"], "Vic Sex": PLAIN["Victim Sex"]})
    found = draft(files, "kent", "2027-Q1")
    assert found.based_on == "national"
    assert feeds(found)["Vic Sex"] == set()
    assert about(found, "Vic Sex")[0].startswith("'Vic Sex': could be victims.gender, as 'gender' is")


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["SUSPECT1_ID", "SUSPECT2_ID", "SUSPECT3_ID"], {"SUSPECT{n}_ID"}),
        (["Sus 1 Sex", "Sus 2 Sex", "Sex"], {"Sus {n} Sex"}),
        (["Suspect ID 1", "Suspect ID 2"], {"Suspect ID {n}"}),
        (["Suspect 1 Address Line 1", "Suspect 2 Address Line 1"], {"Suspect {n} Address Line 1"}),
        (["Ethnicity 16+1"], set()),
        (["HO 5 Digit Code", "Sub Code 2"], set()),
        (["S2", "S3"], set()),
    ],
)
def test_groups_side_by_side(headings, expected):
    assert set(templates(headings).values()) == expected


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (
            "corvus",
            [
                ("crimes", "", "", ""),
                ("victims", "", "PersonRole", "VIC"),
                ("suspects", "", "PersonRole", "SUS"),
            ],
        ),
        ("heron", [("crimes+victims+suspects", "", "", "")]),
        ("kestrel", [("crimes+victims+suspects", str(benchmark.SLOTS), "", "")]),
    ],
)
def test_shapes_are_proposed_in_the_layout_language(tmp_path, system, expected):
    files = extract(tmp_path, system)
    found = draft(files, "kent", "2027-Q1")
    assert [
        (row["contains"], row["repeats"], row["when_heading"], row["when_values"]) for row in found.layouts
    ] == expected
    assert [row["heading_rows"] for row in found.layouts] == ["2" if system == "heron" else ""] * len(
        found.layouts
    )


def extract(folder, system):
    parts = benchmark.vocabulary()[system]
    return benchmark.write(
        folder / system, parts, benchmark.HOW[system], benchmark.records(random.Random(1), 40)
    )


def test_of_imagined_systems_next_to_nothing_is_wrong(tmp_path):
    """A small run of the benchmark: the bound on wrong is that of `benchmarks/drafting.py`."""
    found = benchmark.measure(tmp_path, 60, range(1))
    assert found.columns > 250
    assert found.shares["wrong"] <= benchmark.MOST_WRONG, "\n".join(found.not_right)
    assert found.shares["right"] > 0.9, "\n".join(found.not_right)


def test_the_words_of_headings_are_those_of_columns():
    """Every meaning that a column asks for is one that words have, and every column is asked for."""
    meant = heading_words(SEEDS).meanings
    rows = seed_rows("layouts/heading_meanings.csv")
    for row in rows:
        assert set(f"{row['needs']} {row['may_have']}".split()) <= meant, row
    columns = {row["column"] for row in seed_rows("return_columns.csv")}
    assert {row["column"] for row in rows} == columns


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("VictimDOB", {"victim", "birth"}),
        ("VIC_SEX", {"victim", "gender"}),
        ("VICTIMSEX", {"victim", "gender"}),
        ("Sus. Self Def. Eth.", {"suspect", "self", "ethnicity"}),
        ("REC_DT", {"recorded", "date"}),
        ("NoOfOffendersBelieved", {"stated", "suspect", "many"}),
        ("Vicitm Ethncity", {"victim", "ethnicity"}),
        ("Date and Time Reported", {"date", "reported"}),
        ("SUSPECT{n}_ID", {"suspect", "reference"}),
    ],
)
def test_words_of_a_heading(heading, words):
    assert known_headings(SEEDS).words_of(heading) == words


def test_blank_columns_are_not_what_every_record_has():
    known = known_headings(SEEDS)
    mostly_blank = Cells(("46/1/27",), rows=100, filled=1, distinct=1)
    assert fit(mostly_blank, ("crimes", "crime_reference"), known).verdict == CANNOT
    numbered = Cells(tuple(map(str, range(1, 101))), rows=100, filled=100, distinct=100)
    assert fit(numbered, ("crimes", "crime_reference"), known).verdict == FITS
    assert "46/1/27" not in repr(mostly_blank)
