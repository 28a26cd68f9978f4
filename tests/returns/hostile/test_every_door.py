"""What ends whoever reads it, at every door: refused by its name for a true reason, and the others go on."""

from __future__ import annotations

import os
import signal
import struct
import sys
import zipfile
from pathlib import Path

import pytest
import workbooks
from kinds import CONNECT, LAYOUTS, NATIONAL, connect_rows, sound
from written import crime, victim, write_return

from orchestration.home import Home
from orchestration.readings import book as readings_file
from orchestration.readings import worklist_workbook as readings_workbook
from orchestration.returns import opening, recorded_crime
from orchestration.returns.intake import receive
from orchestration.returns.layouts import unknown_files
from orchestration.returns.reasons import SHOWN, Unreadable, ended, unreadable
from orchestration.returns.workbooks import process

QUARTER = "2023-Q1"
# sheets that each ended the whole run once, every time, with no file named
FAR = {
    "single quotes": "<c r='XFD1048576'><v>1</v></c>",
    "spaces": '<c  r = "XFD1048576" ><v>1</v></c>',
    "a new line": '<c\nr="XFD1048576"\n><v>1</v></c>',
    "an entity": '<c r="&#88;FD1048576"><v>1</v></c>',
    "lower case": '<c r="xfd1048576"><v>1</v></c>',
    "its style first": '<c s="0" r="XFD1048576"><v>1</v></c>',
    "nine digits": '<c r="XFD104857600"><v>1</v></c>',
    "zeros before": '<c r="XFD0001048576"><v>1</v></c>',
    "the last row alone": '<c r="A1048576"><v>1</v></c>',
    "a column beyond the last": '<c r="ZZZZ9"><v>1</v></c>',
    "no cell": '<c r="12"><v>1</v></c>',
}


def far(path: Path, how: str, rows: list[list[str]], sheet: str = "Data") -> None:
    xml = workbooks.rows_xml(rows)
    workbooks.xlsx(path, f'{xml}<row r="9">{FAR[how]}</row>')
    if sheet != "Data":
        with zipfile.ZipFile(path) as book:
            parts = {name: book.read(name) for name in book.namelist()}
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'"Data"', f'"{sheet}"'.encode())
        with zipfile.ZipFile(path, "w") as book:
            for name, content in parts.items():
                book.writestr(name, content)


def many_long_texts(path: Path, rows: list[list[str]], sheet: str = "Data") -> None:
    """One text of 900 kB named by 40,000 cells: 36 GB in a file of some kB."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1000, 41_000))
    workbooks.xlsx(
        path,
        workbooks.rows_xml(rows) + cells,
        extra={
            "xl/sharedStrings.xml": (
                f'<sst xmlns="{workbooks.MAIN}"><si><t>{"x" * 900_000}</t></si></sst>'
            ).encode()
        },
    )


def merged_ranges(path: Path, rows: list[list[str]]) -> None:
    ranges = "".join('<mergeCell ref="A1:A1048576"/>' for _ in range(200_000))
    workbooks.xlsx(path, workbooks.rows_xml(rows), after=f"<mergeCells>{ranges}</mergeCells>")


def claims_texts(path: Path, rows: list[list[str]]) -> None:
    extra = {"xl/sharedStrings.xml": f'<sst xmlns="{workbooks.MAIN}" uniqueCount="4000000000"/>'.encode()}
    workbooks.xlsx(path, workbooks.rows_xml(rows), extra=extra)


def ods_repeated(path: Path, rows: list[list[str]]) -> None:
    cell = (
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16384">'
        "<text:p>x</text:p></table:table-cell>"
    )
    workbooks.ods(path, rows)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["content.xml"] = parts["content.xml"].replace(
        b"</table:table>",
        f'<table:table-row table:number-rows-repeated="1048000">{cell}</table:table-row></table:table>'.encode(),
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)


def xls_far(path: Path, rows: list[list[str]]) -> None:
    cells = [workbooks.label(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row) if text]
    far_cell = struct.pack("<HHHHB", 60_000, 60_000, 0, 1, 0) + b"x"
    workbooks.xls_of_records(path, "Data", [*cells, struct.pack("<HH", 0x0204, len(far_cell)) + far_cell])


HOSTILE = {
    **{f"far: {how}": ("xlsx", lambda path, rows, how=how: far(path, how, rows)) for how in FAR},
    "one long text in many cells": ("xlsx", many_long_texts),
    "an ODS of 17 billion cells": ("ods", ods_repeated),
    "an XLS with a cell where the format has none": ("xls", xls_far),
}


def door_of_returns(path: Path, home: Home) -> list[str]:
    """As a return of CONNECT, which takes an XLSX, beside a sound return of another force."""
    folder = home.landing / QUARTER / CONNECT
    folder.mkdir(parents=True)
    (folder / "return.xlsx").write_bytes(path.read_bytes())
    sound(home.landing / QUARTER / NATIONAL, NATIONAL)
    receipts = {receipt.force: receipt for receipt in receive(home, QUARTER)}
    assert receipts[NATIONAL].status == "accepted"
    assert receipts[CONNECT].status == "refused"
    return receipts[CONNECT].reasons


def door_of_recorded_crime(path: Path, home: Home) -> list[str]:
    folder = home.landing / "recorded_crime"
    folder.mkdir(parents=True)
    (folder / f"prc-pfa-synthetic-tables-250124{path.suffix}").write_bytes(path.read_bytes())
    received = recorded_crime.receive(home)
    assert [release.published_on for release in received.releases] == ["2023-10-19"]
    return received.refused


def door_of_drafts(path: Path, _home: Home) -> list[str]:
    with pytest.raises((Unreadable, unknown_files.NotATable)) as refused:
        unknown_files.look(path.name, path)
    return [str(refused.value)]


def door_of_readings_files(path: Path, _home: Home) -> list[str]:
    with pytest.raises(readings_file.ReadingsRefused) as refused:
        readings_file._rows(path)
    return [str(refused.value)]


def door_of_readings_workbooks(path: Path, _home: Home) -> list[str]:
    with pytest.raises(readings_workbook.WorkbookRefused) as refused:
        readings_workbook.import_workbook(None, path, "reader-01")
    return [str(refused.value)]


DOORS = [
    door_of_returns,
    door_of_recorded_crime,
    door_of_drafts,
    door_of_readings_files,
    door_of_readings_workbooks,
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize("kind", HOSTILE)
def test_each_door_refuses_what_ends_its_reader(kind, door, tmp_path):
    form, write = HOSTILE[kind]
    path = tmp_path / f"hostile.{form}"
    write(path, connect_rows())
    reasons = door(path, Home(tmp_path / "home"))
    assert reasons
    told = " ".join(reasons)
    assert "hostile" in told or "return.xlsx" in told or "prc-pfa" in told
    assert "quotation mark" not in told and "Zebulon" not in told and "Traceback" not in told


@pytest.mark.parametrize("write", [merged_ranges, claims_texts])
def test_what_only_claims_to_be_large_is_read(write, tmp_path):
    path = tmp_path / "return.xlsx"
    write(path, connect_rows())
    with opening.workbook(path.name, path) as book:
        sheet = book.sheet("Data")
    assert sheet.rows() == connect_rows()
    assert len(sheet.met.get("RP57", [])) <= 10_000


def test_blank_rows_without_end_are_refused_at_the_last_that_a_sheet_has(tmp_path):
    path = tmp_path / "return.xlsx"
    workbooks.xlsx(path, "<row/>" * 1_048_577)
    with pytest.raises(Unreadable, match="FL21"), opening.workbook(path.name, path) as book:
        book.sheet("Data")


# the process ---------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(monkeypatch):
    """No process left over from other tests, and none left for them."""
    process.close_idle()
    yield monkeypatch
    process.close_idle()


def small(tmp_path: Path) -> Path:
    path = tmp_path / "return.xlsx"
    workbooks.xlsx(path, workbooks.rows_xml([["a", "b"]]))
    return path


def rows_of(path: Path) -> list[list[str]]:
    with opening.workbook(path.name, path) as book:
        return book.sheet("Data").rows()


def code_of(path: Path) -> str:
    with pytest.raises(Unreadable) as refused:
        rows_of(path)
    (reason,) = refused.value.reasons
    assert reason.sentence.startswith(path.name)
    return f"{reason.code} {'memory' in reason.sentence} {'seconds' in reason.sentence}"


def test_a_workbook_that_takes_too_long_is_refused_and_the_next_one_read(alone, tmp_path):
    path = small(tmp_path)
    with alone.context() as patch:
        # starting takes longer
        patch.setattr(process, "SECONDS", 0.001)
        assert code_of(path) == "FL34 False True"
    assert rows_of(path) == [["a", "b"]]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_workbook_that_needs_too_much_memory_is_refused_and_the_next_one_read(alone, tmp_path):
    large = tmp_path / "large.xlsx"
    texts = "".join(f"<row><c t='str'><v>{'x' * 100_000}{n}</v></c></row>" for n in range(700))
    workbooks.xlsx(large, texts, extra={"x.bin": os.urandom(400_000)})
    with alone.context() as patch:
        patch.setattr(process, "MEMORY", 80 * 1024**2)
        assert code_of(large) == "FL34 True False"
        assert rows_of(small(tmp_path)) == [["a", "b"]]


def test_a_process_that_was_killed_between_two_files_is_none_of_the_next_ones_fault(alone, tmp_path):
    path = small(tmp_path)
    assert rows_of(path) == [["a", "b"]]
    (idle,) = process._idle
    os.kill(idle._process.pid, signal.SIGKILL)
    assert rows_of(path) == [["a", "b"]]


def test_a_workbook_whose_process_died_is_not_tried_sheet_by_sheet(alone, tmp_path):
    path = small(tmp_path)
    with opening.workbook(path.name, path) as book:
        asked = []
        alone.setattr(process.Process, "ask", lambda *request: asked.append(request) or _die())
        alone.setattr(process.Process, "fresh", True, raising=False)
        for _ in range(3):
            with pytest.raises(Unreadable, match="FL34"):
                book.sheet("Data")
        assert len(asked) == 1


def _die():
    raise process.Died("damage")


def test_a_process_is_kept_for_the_files_after(alone, tmp_path):
    path = small(tmp_path)
    rows_of(path)
    (first,) = process._idle
    rows_of(path)
    assert process._idle == [first]


def test_two_workbooks_open_at_once_are_in_two_processes(alone, tmp_path):
    path = small(tmp_path)
    with opening.workbook(path.name, path) as one, opening.workbook(path.name, path) as other:
        assert one.sheet("Data").rows() == other.sheet("Data").rows() == [["a", "b"]]
    assert len(process._idle) == 2


# in all ----------------------------------------------------------------------------------------------------------


def test_the_texts_of_all_workbooks_together_have_a_limit(tmp_path):
    path = small(tmp_path)
    room = opening.Room(characters=5)
    for _ in range(2):
        with opening.workbook(path.name, path, room=room) as book:
            book.sheet("Data")
    with pytest.raises(Unreadable, match="FL12"), opening.workbook(path.name, path, room=room) as book:
        book.sheet("Data")


def test_the_files_of_a_delivery_together_have_a_limit(tmp_path):
    path = small(tmp_path)
    room = opening.Room(bytes=path.stat().st_size)
    room.take_file(path.name, path)
    with pytest.raises(Unreadable, match=r"FL12 return\.xlsx: comes after"):
        room.take_file(path.name, path)


def test_a_long_list_of_sentences_ends_with_a_count():
    many = [unreadable("ST01", f"{n}.csv: is not expected.").reasons[0] for n in range(1000)]
    reasons = Unreadable(*many).reasons
    assert len(reasons) == SHOWN + 1
    assert str(reasons[-1]) == "ST01 And 980 more like these."
    assert Unreadable(*reasons).reasons == reasons
    assert ended(["x"] * 21) == ["x"] * 21


# names -----------------------------------------------------------------------------------------------------------


def test_no_break_spaces_and_backslashes_in_names_are_read_as_they_look(tmp_path):
    home = Home(tmp_path / "home")
    files = write_return(tmp_path / "written", LAYOUTS["niche"], {
        "crimes": [one := crime(1, "4523000{}")], "victims": [victim(one)], "suspects": [],
    })  # fmt: skip
    folder = home.landing / QUARTER / "surrey"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "the\u00a0return.zip", "w") as packed:
        for name, path in files.items():
            packed.writestr(f"my return\\{name.replace('.csv', '')}\u00a0Q1.csv", path.read_bytes())
    (receipt,) = receive(home, QUARTER)
    assert (receipt.status, receipt.reasons) == ("accepted", [])
