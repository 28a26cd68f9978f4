"""What is written in any layout is what is read, cell by cell; what is damaged is refused, never read short."""

import csv
import dataclasses
import io
import sys
from pathlib import Path

import pyarrow.parquet as pq
import xlsxwriter
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from written import crime, suspect, victim, write_return

from orchestration.returns.intake import receive
from orchestration.returns.layouts import all_layouts, layout_for
from orchestration.returns.layouts.parts import Layout
from orchestration.returns.layouts.written import DELIMITERS, ENCODINGS
from orchestration.returns.look_alikes import heading
from orchestration.returns.parsing import read
from orchestration.returns.raw import as_sent_folder, findings_file
from orchestration.returns.reasons import Unreadable

sys.path.append(str(Path(__file__).parent / "hostile"))
import workbooks

LAYOUTS = all_layouts()
QUARTER = "2023-Q1"


def alone(part, **changes):
    """A layout of this part alone, in another dialect."""
    part = dataclasses.replace(part, **changes)
    return Layout("tried", (dataclasses.replace(part, file_pattern=f"return.{part.format}"),))


# every table of every layout as it is, then one table in every encoding, separator and format
TABLES = [alone(part) for layout in LAYOUTS.values() for part in layout.parts]
CRIMES = LAYOUTS["niche"].part("crimes")
TABLES += [
    alone(CRIMES, encoding=encoding, delimiter=delimiter, banner_rows=banner)
    for encoding in ENCODINGS
    for delimiter in DELIMITERS.values()
    for banner in (0, 4)
]
TABLES += [alone(CRIMES, format=form, sheet="crimes") for form in ("xlsx", "xlsm", "ods", "xls")]


def write_table(folder: Path, layout: Layout, rows: list[list[str]]) -> dict[str, Path]:
    (part,) = layout.parts
    path = folder / part.file_pattern
    table = [["Extract"]] * part.banner_rows + [list(part.headings)]
    table += [["example"] * len(part.headings)] * part.example_rows + rows
    sheet = "crimes" if part.sheet.isdigit() else part.sheet
    if part.format == "csv":
        text = io.StringIO()
        csv.writer(text, delimiter=part.delimiter).writerows(table)
        path.write_bytes(text.getvalue().encode(part.encoding))
    elif part.format in ("ods", "xls"):
        getattr(workbooks, part.format)(path, table, sheet=sheet)
    else:
        made = xlsxwriter.Workbook(path)
        for _ in range(int(part.sheet) - 1 if part.sheet.isdigit() else 0):
            made.add_worksheet()
        cells = made.add_worksheet(sheet)
        for number, row in enumerate(table):
            for column, text in enumerate(row):
                cells.write_string(number, column, text)
        made.close()
    return {path.name: path}


def texts_for(part) -> st.SearchStrategy[str]:
    if part.format == "csv":
        one = st.characters(codec=part.encoding.removesuffix("-sig"), exclude_characters="\0")
    else:
        # XML has no control characters, and a line break in a cell is a line feed
        one = st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff")
    marks = st.sampled_from(
        ['"', '""', ",", ";", "\t", "|", "'", "=1+1", " ", "NULL", "001", "1E5", "_x000D_"]
    )
    return st.lists(st.text(one, max_size=6) | marks, max_size=3).map("".join)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), layout=st.sampled_from(TABLES))
def test_any_table_of_text_reads_back_record_for_record(data, layout, tmp_path_factory):
    (part,) = layout.parts
    width = len(part.headings)
    text = texts_for(part)
    if part.format != "csv":
        text = text.filter(lambda t: t == t.strip() and "\t" not in t and "_x000D_" not in t)
    # a few distinct texts spread over the rows: 45 columns of their own would spend the examples on one row
    few = data.draw(st.lists(text, min_size=1, max_size=8))
    size = data.draw(st.integers(1, 5))
    spread = data.draw(st.integers(0, 99))
    rows = [[few[(spread + 7 * r + c * (r + 1)) % len(few)] for c in range(width)] for r in range(size)]
    files = write_table(tmp_path_factory.mktemp("any"), layout, rows)
    content = next(iter(files.values())).read_bytes()
    # such a file could be either, and is refused for it
    assume(part.encoding not in ("cp1252", "latin-1") or content.isascii() or not is_utf8(content))
    (grid,) = read(files, layout)
    read_back = [list(row) for row in zip(*(grid.columns[h].to_pylist() for h in part.headings), strict=True)]
    if part.format != "csv":
        # a workbook has no blank rows behind its last filled one
        for table in (rows, read_back):
            while table and not any(table[-1]):
                table.pop()
    assert read_back == rows
    assert grid.first_record == part.example_rows + 1


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(
    inserted=st.binary(max_size=6) | st.sampled_from([b'"', b'"\r\n', b",", b"\r", b"\n", b'",', b',"']),
    place=st.floats(0, 1),
    cut=st.integers(0, 5),
    again=st.floats(0, 1) | st.none(),
)
def test_a_damaged_text_file_is_refused_or_read_as_another_reader_reads_it(
    inserted, place, cut, again, tmp_path_factory
):
    """The other reader is Python's, in its strict mode: no record may go missing between the two."""
    layout = LAYOUTS["athena"]
    first = crime(1, summary='two lines,\r\nsays "quoted"')
    records = {
        "crimes": [first, crime(2), crime(3)],
        "victims": [victim(first)],
        "suspects": [suspect(first)],
    }
    folder = tmp_path_factory.mktemp("damaged")
    (path,) = write_return(folder, layout, records).values()
    data = path.read_bytes()
    for where in (place, again):
        if where is not None:
            at = int(where * len(data))
            data = data[:at] + inserted + data[at + cut :]
    path.write_bytes(data)
    try:
        (grid,) = read({path.name: path}, layout)
    except Unreadable as refused:
        assert all(reason.code and "46/1" not in reason.sentence for reason in refused.reasons)
        return
    table = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True) if row]
    headings = [heading(cell) for cell in table[0]]
    assert grid.rows == len(table) - 1
    for position, name in enumerate(headings):
        if name:
            assert grid.columns[name].to_pylist() == [row[position] for row in table[1:]]


@settings(max_examples=100, deadline=None)
@given(
    inserted=st.binary(min_size=1, max_size=8),
    place=st.floats(0, 1),
    form=st.sampled_from(["xlsx", "ods", "xls"]),
)
# where the list of what is packed names the sheet otherwise
@example(inserted=b"\x00", place=0.93359375, form="xlsx")
def test_a_damaged_workbook_is_refused_or_whole(inserted, place, form, tmp_path_factory):
    layout = alone(CRIMES, format=form, sheet="crimes")
    rows = [[f"{r}-{c}" for c in range(len(CRIMES.headings))] for r in range(3)]
    (path,) = write_table(tmp_path_factory.mktemp("damaged"), layout, rows).values()
    data = path.read_bytes()
    at = int(place * len(data))
    path.write_bytes(data[:at] + inserted + data[at + len(inserted) :])
    try:
        (grid,) = read({path.name: path}, layout)
    except Unreadable as refused:
        assert all(reason.code for reason in refused.reasons)
    else:
        # XLS has no checksum: a byte may move a cell to another row, which no reader can notice
        assert grid.rows == 3 or form == "xls"


def test_the_cells_as_sent_stay_beside_what_was_made_of_them(home):
    layout = layout_for("surrey", QUARTER)
    first = crime(1, "4523000{}", offence_code="19-Aug", recorded_on="2023-02-03")
    write_return(
        home.landing / QUARTER / "surrey",
        layout,
        {"crimes": [first], "victims": [victim(first)], "suspects": []},
    )
    (receipt,) = receive(home, QUARTER)
    assert receipt.status == "accepted"
    tables = [
        pq.read_table(path, partitioning=None)
        for path in sorted(as_sent_folder(home, QUARTER, "surrey", 1).iterdir())
    ]
    assert len(tables) == 3
    sent = tables[0].to_pylist()[0]
    part = layout.part("crimes")
    by_column = {column.column: sent[column.heading] for column in part.columns if column.record_type}
    assert (by_column["offence_code"], by_column["recorded_on"]) == ("19-Aug", "03/02/2023")
    assert (sent["file"], sent["sheet"], sent["record_number"]) == ("crime.csv", None, 1)
    (note,) = pq.read_table(findings_file(home, QUARTER, "surrey", 1), partitioning=None).to_pylist()
    assert note == {
        "force": "surrey",
        "quarter": QUARTER,
        "submission": 1,
        "code": "RP01",
        "record_type": "crimes",
        "file": "crime.csv",
        "sheet": None,
        "record_number": 1,
        "place_in_row": None,
        "column": "offence_code",
        "records": 1,
    }


def test_of_a_joint_return_each_force_keeps_its_own_cells_and_findings(home):
    crimes = [
        crime(number, f"{prefix}{{}}/23", incident_reference="2.3E+10")
        for number, prefix in ((1, "36/"), (2, "37/"), (3, "37/"))
    ]
    write_return(
        home.landing / QUARTER / "norfolk-and-suffolk",
        layout_for("norfolk-and-suffolk", QUARTER),
        {"crimes": crimes, "victims": [victim(one) for one in crimes], "suspects": []},
    )
    receive(home, QUARTER)
    for force, prefix, records in (("norfolk", "36/", [4]), ("suffolk", "37/", [5, 6])):
        (path,) = as_sent_folder(home, QUARTER, force, 1).iterdir()
        assert pq.read_table(path, partitioning=None)["record_number"].to_pylist() == records
        other = b"37/1" if prefix == "36/" else b"36/1"
        assert other not in path.read_bytes()
        found = pq.read_table(findings_file(home, QUARTER, force, 1), partitioning=None)
        assert found["record_number"].to_pylist() == records
        assert set(found["code"].to_pylist()) == {"RP51"}
