"""Workbooks hold what one reader may see, and come back whole or not at all, with the cell that is wrong."""

from dataclasses import replace

import pytest
from python_calamine import CalamineWorkbook
from sheets import as_libreoffice_shows, tables
from small_desk import CSE, YES, Clock, Q, build, crime, desk_of, read_all, states

from orchestration.readings import oversight
from orchestration.readings.desk import DeskRefused
from orchestration.readings.room.sign_in import views
from orchestration.readings.worklist_workbook import (
    ANSWERS,
    WorkbookRefused,
    export_workbook,
    import_workbook,
)

FILLED = {
    "group_based": "yes",
    "network_definition": "no",
    "offenders_read": 2,
    "criterion": "other",
    "committed_by_children": "no",
    "confidence": "high",
}


def rows_of(file):
    return CalamineWorkbook.from_path(file).get_sheet_by_name("cases").to_python(skip_empty_area=False)


def filled(file, changes=lambda number, row: {}, add=()):
    """The workbook as a reader sends it back: every row answered, with these cells changed."""
    import xlsxwriter

    headings, *rows = rows_of(file)
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("cases")
        sheet.write_row(0, 0, headings)
        for number, cells in enumerate([*rows, *(rows[at] for at in add)], start=1):
            row = {**dict(zip(headings, cells, strict=True)), **FILLED}
            sheet.write_row(number, 0, list({**row, **changes(number, row)}.values()))
    return file


def cases_alone(sheet):
    """Where the headings are; the codebook has none."""
    return {"cases": 0, "codebook": None}[sheet]


@pytest.mark.proof
def test_libreoffice_opens_a_workbook(desk, tmp_path):
    file = tmp_path / "reader-01.xlsx"
    export_workbook(desk, file, "reader-01", Q, cases=2)
    as_libreoffice_shows(file, tmp_path / "shown", cases_alone)


@pytest.fixture
def desk(home):
    return desk_of(home, {f"46/{number}/23": crime(summary="=1+1") for number in range(3)})


def test_a_workbook_goes_out_and_comes_back(desk, tmp_path):
    file = tmp_path / "reader-01.xlsx"
    assert export_workbook(desk, file, "reader-01", Q, cases=2) == 2
    assert [(row["username"], row["page"], row["item"]) for row in views(desk.engine)] == [
        ("reader-01", "workbook", 2),
        ("reader-01", "workbook", 1),
    ]
    headings, first, _ = rows_of(file)
    assert first[headings.index("summary")] == "'=1+1"
    assert CalamineWorkbook.from_path(file).sheet_names == ["cases", "codebook"]
    one, other = tables(file, cases_alone)["cases"]
    assert [one["crime_reference"], other["crime_reference"]] == ["46/0/23", "46/1/23"]
    assert (one["slot"], one["summary"], one["offence_code"]) != ("", "", "")
    assert [one[name] for name in ANSWERS if name != "committed_by_children"] == [""] * (len(ANSWERS) - 1)
    assert import_workbook(desk, filled(file), "reader-01") == 2
    assert states(desk)["settled"] == 2
    with pytest.raises(WorkbookRefused, match="A2: this case has been answered"):
        import_workbook(desk, file, "reader-01")


def test_a_contradiction_is_asked_about_with_its_cell_and_kept_with_its_reading(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q, cases=2)
    filled(file, lambda number, row: {"offenders_read": 1} if number == 2 else {})
    asked = []
    with pytest.raises(WorkbookRefused, match="V3: Group-based, yet one offender"):
        import_workbook(desk, file, "reader-01", lambda _, sentences: asked.extend(sentences) or False)
    assert len(asked) == 1 and states(desk)["settled"] == 0
    assert import_workbook(desk, file, "reader-01") == 2
    kept = [row["checks"] for item in (1, 2) for row in oversight.history(desk.engine, item)["readings"]]
    assert sorted(kept, key=str) == ["CB12", None]


def test_a_workbook_warns_of_an_offence_and_says_whom_to_turn_to(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q, cases=1)
    headings, first = rows_of(file)
    assert "The record may describe the rape of a girl under 13." in first[headings.index("offence")]
    (support, *_) = CalamineWorkbook.from_path(file).get_sheet_by_name("codebook").to_python()
    assert support == ["# Support, at any time"]


def test_blank_rows_stay_to_be_read(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    blank = dict.fromkeys(ANSWERS, "")
    assert (
        import_workbook(desk, filled(file, lambda number, row: blank if number > 1 else {}), "reader-01") == 1
    )
    assert len(desk.claim_many("reader-01", Q, False, 30, 9)) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"criterion": "gang"}, r"{criterion}3: criterion must be one of"),
        ({"group_based": "no"}, r"{criterion}3: criterion is given when"),
        ({"offenders_read": "two"}, r"{offenders_read}3: offenders_read must be"),
        (
            {"committed_by_children": "not_collected"},
            r"{committed_by_children}3: committed_by_children must be yes or no",
        ),
        ({"version": "v0"}, r"D3: this was changed after the export"),
        ({"crime_reference": "46/9/23"}, r"C3: this was changed after the export"),
        ({"slot": 99}, r"A3: this case has been answered or has changed"),
        ({"slot": "x"}, r"A3: no slot"),
        ({"slot": "\u00b2"}, r"A3: no slot"),
        ({"slot": "1" * 40}, r"A3: no slot"),
        ({"offenders_read": "\u00b2"}, r"{offenders_read}3: offenders_read must be"),
        ({"slot": "that of row 2"}, r"A3: row 2 answers the same case"),
    ],
)
def test_one_wrong_cell_refuses_the_workbook_by_its_address(desk, tmp_path, change, says):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    headings = rows_of(file)[0]
    letters = {name: chr(ord("A") + headings.index(name)) for name in headings}
    if change.get("slot") == "that of row 2":
        change = {"slot": rows_of(file)[1][headings.index("slot")]}
    filled(file, lambda number, row: change if number == 2 else {})
    with pytest.raises(WorkbookRefused, match=says.format(**letters)):
        import_workbook(desk, file, "reader-01")
    assert states(desk)["read"] == 0


def test_a_version_goes_out_with_a_letter_and_comes_back_with_it_or_without(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    at = rows_of(file)[0].index("version")
    assert {row[at] for row in rows_of(file)[1:]} == {"vv1"}
    old = lambda number, row: {"version": "v1"} if number == 1 else {}  # noqa: E731
    assert import_workbook(desk, filled(file, old), "reader-01") == 3


def test_of_a_crime_that_is_not_group_based_children_may_stay_blank(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    unsaid = {"group_based": "no", "criterion": "", "committed_by_children": ""}
    assert import_workbook(desk, filled(file, lambda number, row: unsaid), "reader-01") == 3


def test_a_stale_case_is_refused(desk, home, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    build(home, {f"46/{number}/23": crime("v2" if number == 1 else "v1", 2) for number in range(3)})
    desk.sync()
    with pytest.raises(WorkbookRefused, match="A3: this case has been answered or has changed"):
        import_workbook(desk, filled(file), "reader-01")


def test_another_readers_workbook_is_refused(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    export_workbook(desk, file, "reader-01", Q)
    with pytest.raises(WorkbookRefused, match="A2: this case is not yours"):
        import_workbook(desk, filled(file), "reader-02")


def test_only_an_adjudicators_workbook_has_answers_and_no_names(desk, tmp_path):
    file = tmp_path / "w.xlsx"
    read_all(desk, "reader-01", CSE)
    export_workbook(desk, file, "reader-02", Q)
    assert not [heading for heading in rows_of(file)[0] if heading.startswith("answer")]
    import_workbook(desk, filled(file), "reader-02")
    assert export_workbook(desk, file, "lead", Q, adjudicating=True) == 3
    headings, first, *_ = rows_of(file)
    assert "criterion cse" in first[headings.index("answer A")]
    assert "criterion other" in first[headings.index("answer B")]
    assert "reader-0" not in str(first)
    with pytest.raises(WorkbookRefused, match="must give a reason"):
        import_workbook(desk, filled(file), "lead")


def test_a_workbook_is_held_for_its_reader_and_counts_for_the_day(home, tmp_path):
    clock = Clock()
    desk = desk_of(home, {f"46/{number}/23": crime() for number in range(3)}, clock, daily_cap=2)
    assert export_workbook(desk, tmp_path / "w.xlsx", "reader-01", Q) == 2
    clock.on(days=13)
    desk.answer("reader-02", desk.claim("reader-02").slot, replace(YES, reason="R9"))
    assert desk.claim("reader-02") is None
    import_workbook(desk, filled(tmp_path / "w.xlsx"), "reader-01")
    with pytest.raises(DeskRefused, match="readings are done"):
        desk.claim("reader-01")
