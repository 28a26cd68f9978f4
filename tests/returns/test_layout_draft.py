"""Rows proposed for files never seen: what a person has agreed to must read those files."""

import csv
import json
import shutil
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import crime, suspect, victim, write_return

from orchestration.command.layout import layout as layout_group
from orchestration.home import SEEDS
from orchestration.returns import mapping, parsing
from orchestration.returns.layouts import all_layouts, layout_for, written
from orchestration.returns.layouts.drafting import draft
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.layouts.unknown_files import NotATable, look
from orchestration.returns.layouts.written import return_columns
from orchestration.returns.reasons import Unreadable

MUST = {
    "crimes": ("crime_reference", "offence_code", "recorded_on", "status"),
    "victims": ("crime_reference", "victim_reference"),
    "suspects": ("crime_reference", "suspect_reference"),
}
SYSTEMS = ("national", "niche", "athena", "connect", "iops", "red-sigma")


def a_return(crimes=40):
    """Records with every column filled now and then, so that cells have something to show."""
    records = {"crimes": [], "victims": [], "suspects": []}
    for number in range(crimes):
        day = date(2023, 1, 2) + timedelta(days=2 * number)
        of = crime(
            number,
            incident_reference=f"INC{number:06}",
            offence_code=("19/16", "17/15", "86/2", "71/17")[number % 4],
            offence_description=("Rape of a female", "Sexual activity", "Indecent images")[number % 3],
            recorded_on=day.isoformat(),
            reported_on=day.isoformat(),
            committed_from=(day - timedelta(days=40)).isoformat(),
            committed_to=(day - timedelta(days=30)).isoformat(),
            status="recorded" if number % 9 else "cancelled",
            cancellation_code=None if number % 9 else f"C{number % 4 + 1}",
            cancelled_on=None if number % 9 else (day + timedelta(days=9)).isoformat(),
            csa_flag="Y",
            cse_flag="YN"[number % 2],
            online_flag="NY"[number % 2],
            children_flag="N",
            offenders_stated=str(number % 5),
            location_type=("victim_home", "online", "hotel")[number % 3],
            local_authority=f"E0700{number % 90:04}",
            outcome_code=str(number % 20 + 1),
            outcome_on=(day + timedelta(days=20)).isoformat(),
            summary="Coded note S11, offenders: two or more",
        )
        person = {
            "age_at_offence": str(9 + number % 8),
            "date_of_birth": (day - timedelta(days=4000 + 37 * number)).isoformat(),
            "self_defined_ethnicity": ("W1", "A1", "B2")[number % 3],
            "observed_ethnicity": f"IC{number % 6 + 1}",
            "disability": "YN"[number % 2],
            "nationality": ("GBR", "POL")[number % 2],
            "surname": f"Surname{chr(65 + number % 26)}",
            "forenames": f"Forename{chr(65 + number % 7)}",
        }
        injured = victim(of, number, victim_reference=str(20_000_000 + number), **person)
        person |= {"age_at_offence": str(20 + number), "identified": "Y", "role": "suspect", "deceased": "N"}
        accused = suspect(of, number, suspect_reference=str(60_000_000 + number), **person)
        accused |= {
            "relationship": f"PTPR_000{number % 9 + 1}",
            "victim_reference": injured["victim_reference"],
            "arrested_on": (day + timedelta(days=3)).isoformat(),
        }
        records["crimes"].append(of)
        records["victims"].append(injured)
        records["suspects"].append(accused)
    return records


@pytest.fixture
def seeds(tmp_path):
    copy = tmp_path / "seeds"
    shutil.copytree(SEEDS, copy)
    return copy


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(path, rows, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def without(system, seeds):
    """The seeds as they were before anyone had seen a file of this crime system."""
    folder = seeds / "layouts"
    parts = rows_of(folder / "layouts.csv")
    gone = {row["layout"] for row in parts if f"{row['layout']}-".startswith(f"{system}-")}
    gone |= {row["layout"] for row in parts if row["based_on"] in gone}
    for name in ("layouts", "layout_columns", "force_layouts"):
        rows = rows_of(folder / f"{name}.csv")
        rewrite(folder / f"{name}.csv", [row for row in rows if row["layout"] not in gone], list(rows[0]))
    left = {row["delivered_as"] for row in rows_of(folder / "force_layouts.csv")}
    joint = rows_of(seeds / "joint_returns.csv")
    rewrite(
        seeds / "joint_returns.csv", [row for row in joint if row["delivered_as"] in left], list(joint[0])
    )
    return seeds


def say_yes(drafted, seeds, date_format=""):
    """A person's yes: the rows go into the seeds, a date format that was left open is written in."""
    for name in ("layouts", "layout_columns", "force_layouts"):
        path = seeds / "layouts" / f"{name}.csv"
        rows = rows_of(path)
        columns = list(rows[0])
        new = [dict(row) for row in getattr(drafted, name)]
        for row in new:
            if row.get("column") in DATES and not row["date_format"]:
                row["date_format"] = date_format
        if name == "force_layouts":
            rows = [row for row in rows if row["delivered_as"] != new[0]["delivered_as"]] if new else rows
        rewrite(path, rows + new, columns)
    written.load.cache_clear()


DATES = {row["column"] for row in rows_of(SEEDS / "return_columns.csv") if row["kind"] == "date"}


def merged(found):
    """Records by key with their filled cells, as staging makes one of the parts of a crime on two sheets."""
    merged = {kind: {} for kind in RECORD_TYPES}
    for kind, table in found.items():
        for row in table.to_pylist():
            cells = {name: row[name] for name in return_columns(kind) if row[name] is not None}
            merged[kind].setdefault(
                tuple(row[name] for name in MUST[kind][: 1 if kind == "crimes" else 2]), {}
            ).update(cells)
    return merged


@pytest.mark.parametrize("system", SYSTEMS)
def test_drafted_rows_read_a_system_never_seen(system, seeds, tmp_path):
    known = all_layouts()[system]
    files = write_return(tmp_path / "sent", known, a_return(), examples=False)
    without(system, seeds)
    drafted = draft(files, "kent", "2026-Q2", seeds)
    assert drafted.based_on == ""
    (shape,) = {
        row.date_format for part in known.parts for row in part.columns if row.column == "recorded_on"
    }
    say_yes(drafted, seeds, shape)

    read = merged(mapping.records(parsing.read(files, layout_for("kent", "2026-Q2", seeds))))
    expected = merged(mapping.records(parsing.read(files, known)))
    right = every = 0
    for kind in RECORD_TYPES:
        assert read[kind].keys() == expected[kind].keys(), kind
        for key, cells in expected[kind].items():
            for column, text in cells.items():
                every += 1
                right += read[kind][key].get(column) == text
                if column in MUST[kind]:
                    assert read[kind][key].get(column) == text, (kind, column)
    # one description (a column of titles headed "Offence" or "Text") may be left open for the person
    assert right / every > 0.95


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_file_that_a_layout_reads_needs_no_row(system, tmp_path):
    force = {"national": "metropolitan", "niche": "surrey", "athena": "kent", "connect": "northumbria"}
    force |= {"iops": "greater-manchester", "red-sigma": "cumbria"}
    files = write_return(tmp_path, all_layouts()[system], a_return(5))
    drafted = draft(files, force[system], "2023-Q1")
    assert (drafted.layout, drafted.layouts, drafted.layout_columns, drafted.force_layouts) == (
        system,
        [],
        [],
        [],
    )
    assert drafted.to_settle == []


def test_only_what_differs_is_proposed(seeds, tmp_path):
    """A force that moved to semicolons, put two rows above its headings, and renamed two of them."""
    niche = all_layouts()["niche"]
    names = {"Victim DOB": "Victim Date of Birth", "Victim Gender": "Victim Sex"}
    parts = [
        replace(
            part,
            delimiter=";" if part.part == "victims" else ",",
            banner_rows=2 if part.part == "victims" else 0,
            columns=tuple(replace(row, heading=names.get(row.heading, row.heading)) for row in part.columns),
        )
        for part in niche.parts
    ]
    files = write_return(tmp_path / "sent", replace(niche, parts=tuple(parts)), a_return())
    drafted = draft(files, "surrey", "2024-Q2", seeds)
    assert (drafted.layout, drafted.based_on) == ("niche-surrey", "niche")
    (row,) = drafted.layouts
    assert {name: cell for name, cell in row.items() if cell} == {
        "layout": "niche-surrey", "based_on": "niche", "part": "victims", "banner_rows": "2", "delimiter": ";",
    }  # fmt: skip
    assert sorted((row["heading"], row["column"]) for row in drafted.layout_columns) == [
        ("Victim Date of Birth", "date_of_birth"),
        ("Victim Sex", "gender"),
    ]
    assert drafted.to_settle == [
        "end niche of surrey in force_layouts.csv with the to_quarter before 2024-Q2"
    ]
    say_yes(drafted, seeds)
    found = mapping.records(parsing.read(files, layout_for("surrey", "2024-Q2", seeds)))
    assert found["victims"]["gender"].null_count == 0
    assert found["victims"]["date_of_birth"].null_count == 0


def test_a_heading_that_has_gone_is_for_a_person(tmp_path):
    files = write_return(tmp_path, all_layouts()["national"], a_return())
    text = files["victims.csv"].read_text(encoding="utf-8").replace("nationality", "shoe size")
    files["victims.csv"].write_text(text, encoding="utf-8")
    drafted = draft(files, "metropolitan", "2023-Q1")
    (gone, odd) = (
        sentence for sentence in drafted.to_settle if "national has gone" in sentence or "shoe" in sentence
    )
    assert gone.startswith("'nationality' of layout national has gone")
    assert odd.startswith("'shoe size': nothing is proposed")


def test_an_ambiguous_date_is_never_guessed(tmp_path):
    path = tmp_path / "crimes.csv"
    path.write_text(
        "Crime number,HO code,Date recorded,Status\n1/23,19E,01/02/2023,Crimed\n2/23,19E,03/04/2023,Crimed\n"
    )
    drafted = draft({path.name: path}, "kent", "2026-Q2")
    (recorded,) = [one for one in drafted.proposals if one.column == "recorded_on"]
    assert recorded.date_format == ""
    assert any(sentence.startswith("'Date recorded': its cells leave") for sentence in drafted.to_settle)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", "|"), ("utf-8-sig", ","), ("utf-16", "\t"), ("cp1252", ";"), ("latin-1", ",")],
)
def test_dialect_and_heading_row_are_found(tmp_path, encoding, delimiter):
    path = tmp_path / "any.dat"
    # the last is no cp1252, which leaves only latin-1
    odd = "\x81" if encoding == "latin-1" else "\u2013" if encoding != "utf-8-sig" else "a"
    rows = [["Extract"], [f"caf\u00e9 {odd}"], [], ["Crime URN", "HO Code", "Date recorded", "Status"]]
    rows += [["Example 1", "19E", "e.g.", ""], ["46/1", "19E", "2023-01-31", "Crimed"]]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (table,) = look(path.name, path)
    assert (table.encoding, table.delimiter, table.banner_rows, table.example_rows) == (
        encoding,
        delimiter,
        3,
        1,
    )
    assert table.headings == ("Crime URN", "HO Code", "Date recorded", "Status")


CANARY = "Zebedee"
HEAD = b"Crime number,HO code,Date recorded,Status\n"


def run(*words):
    return CliRunner().invoke(layout_group, [str(word) for word in words])


def test_no_cell_is_ever_shown(tmp_path):
    records = a_return(6)
    for rows in records.values():
        for row in rows:
            row |= {name: CANARY for name in row if not name.endswith("_reference") and name != "status"}
    for system in SYSTEMS:
        folder = tmp_path / system
        files = write_return(folder, all_layouts()[system], records)
        for extra in ((), ("--json",)):
            answer = run("draft", *files.values(), "--force", "kent", *extra)
            assert answer.exit_code == 0, answer.output
            assert CANARY not in answer.output
    # without its heading row the first record stands there: it must not be taken for headings
    headless = tmp_path / "headless.csv"
    headless.write_text("46/1/23,Zebedee,Female,1990-02-03\n46/2/23,Zebedee Two,Male,1991-02-03\n")
    answer = run("draft", headless, "--force", "kent")
    assert answer.exit_code == 1
    assert "headless.csv: no row of the first 30 looks like headings" in answer.output
    assert CANARY not in answer.output
    assert CANARY not in repr(look("crimes.csv", tmp_path / "national" / "crimes.csv"))


def test_command_adds_rows_to_a_folder(seeds, tmp_path):
    files = write_return(tmp_path / "sent", all_layouts()["iops"], a_return())
    without("iops", seeds)
    with zipfile.ZipFile(tmp_path / "return.zip", "w") as packed:
        for name, path in files.items():
            packed.write(path, name)
    into = tmp_path / "rows"
    words = (
        "draft",
        tmp_path / "return.zip",
        "--force",
        "greater-manchester",
        "--quarter",
        "2026-Q2",
        "--into",
        into,
    )
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["layout"] == "iops"
    # known already: only the force's own row, from which quarter on, would be new, and it has one
    assert not into.exists()
    answer = run("draft", *files.values(), "--force", "kent", "--quarter", "2026-Q2", "--into", into)
    assert [row["layout"] for row in rows_of(into / "force_layouts.csv")] == ["iops"]
    assert "end athena of kent" in answer.output


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--force", "kant"), 2, "no force 'kant'; did you mean kent?"),
        (("--force", "kent", "--quarter", "2026"), 2, "2026"),
        (("--force", "kent"), 1, "is empty"),
    ],
)
def test_command_says_what_is_wrong(tmp_path, words, code, says):
    path = tmp_path / "return.csv"
    path.write_text("")
    answer = run("draft", path, *words)
    assert answer.exit_code == code
    assert says in answer.output


def test_a_damaged_workbook_is_told(tmp_path):
    path = tmp_path / "return.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    answer = run("draft", path, "--force", "kent")
    assert answer.exit_code == 1
    assert "return.xlsx" in answer.output


def test_file_patterns_fit_one_file_each(seeds, tmp_path):
    """Names that do not show what a file holds, with next quarter's date in them."""
    sent = write_return(tmp_path / "sent", all_layouts()["niche"], a_return(), examples=False)
    names = {
        "crime": "Main 1 20260401.csv",
        "victim": "Export victims 20260401.csv",
        "suspect": "people_Q1.csv",
    }
    files = {name: next(path for old, path in sent.items() if word in old) for word, name in names.items()}
    drafted = draft(files, "kent", "2026-Q2", without("niche", seeds))
    assert sorted(row["file_pattern"] for row in drafted.layouts) == [
        "*victim*.csv",
        "Main * *.csv",
        "people_Q*.csv",
    ]


def test_hidden_sheets_are_no_tables(tmp_path):
    import xlsxwriter

    path = tmp_path / "return.xlsx"
    book = xlsxwriter.Workbook(path)
    for name in ("Old", "Data"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Crime number", "HO code", "Date recorded", "Status"])
        sheet.write_row(1, 0, ["46/1/23", "19E", "2023-01-02", "Crimed"])
    book.get_worksheet_by_name("Old").hide()
    book.get_worksheet_by_name("Data").activate()
    book.close()
    (table,) = look(path.name, path)
    assert (table.sheet, table.position) == ("Data", 2)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xff\xfe", HEAD]),
    rest=st.binary(max_size=300),
)
def test_bytes_at_random_are_a_table_or_a_sentence(tmp_path, start, rest):
    path = tmp_path / "any.csv"
    path.write_bytes(start + rest)
    try:
        assert all(len(table.headings) > 1 for table in look(path.name, path))
    except (NotATable, Unreadable) as problem:
        assert "any.csv" in str(problem)


def test_an_unclosed_quotation_mark_does_not_hide_the_headings(tmp_path):
    path = tmp_path / "crimes.csv"
    path.write_bytes(HEAD + b'46/1/23,19E,2023-01-02,"Crimed\n' + b"x" * 200_000)
    (table,) = look(path.name, path)
    assert table.headings == ("Crime number", "HO code", "Date recorded", "Status")


def test_a_file_without_headings_says_so(tmp_path):
    path = tmp_path / "noise.csv"
    path.write_bytes(bytes(range(1, 256)))
    with pytest.raises(NotATable, match=r"noise.csv"):
        look(path.name, path)
