"""Files to text and text to records: what is written in a layout is what is read."""

from datetime import date, datetime

import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from some import some
from written import NAMES, crime, suspect, victim, write_return

from orchestration.returns import mapping, repairs
from orchestration.returns.grids import Grid
from orchestration.returns.layouts import all_layouts, force_codes
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.look_alikes import plain
from orchestration.returns.parsing import Unreadable, read

LAYOUTS = all_layouts()
EMPTY = {kind: [] for kind in RECORD_TYPES}


def records_of(files, layout):
    return mapping.records(read(files, layout))


def told(files, layout):
    with pytest.raises(Unreadable) as refused:
        records_of(files, layout)
    return [str(reason) for reason in refused.value.reasons]


def one_crime():
    first = crime(
        1,
        reported_on="2023-02-01",
        committed_from="2022-12-31",
        committed_to="2023-01-01",
        cse_flag="Y",
        offenders_stated="2",
        outcome_code="18",
        summary='two lines,\r\nsays "quoted" \u2013 and £5',
    )
    return {
        "crimes": [first, crime(2)],
        "victims": [
            victim(first, self_defined_ethnicity="W1", date_of_birth="2010-02-28", age_at_offence="12")
        ],
        "suspects": [
            suspect(
                first,
                date_of_birth="1990-12-01",
                surname="Aname",
                forenames="Bname",
                victim_reference="V1",
                relationship="Stranger",
                arrested_on="2023-03-01",
            )
        ],
    }


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_each_layout_reads_back_what_was_written_in_it(layout, tmp_path):
    written = one_crime()
    found = records_of(write_return(tmp_path, layout, written), layout)
    for part in some(layout.parts):
        for kind in part.contains:
            of_part = [
                row
                for row in found[kind].to_pylist()
                if row["sheet"] in (None, part.sheet) or len(layout.parts) == 1
            ]
            columns = part.of(kind)
            expected = {tuple(record.get(name) for name in columns) for record in written[kind]}
            read_back = {tuple(row[name] for name in columns) for row in of_part}
            if part.format == "xlsx":
                # a line break in a cell is a line feed in every workbook
                expected = {tuple(t and t.replace("\r\n", "\n") for t in row) for row in expected}
                read_back = {tuple(t and t.replace("\r\n", "\n") for t in row) for row in read_back}
            assert expected <= read_back | {row for row in expected if not any(row)}
            assert len(read_back) == len(expected)


def test_record_numbers_are_rows_of_the_file_and_examples_are_dropped_but_counted(tmp_path):
    layout = LAYOUTS["athena-joint"]
    found = records_of(write_return(tmp_path, layout, one_crime()), layout)
    assert found["crimes"]["record_number"].to_pylist() == [4, 5]
    assert found["crimes"]["file"].to_pylist() == ["return.csv"] * 2
    assert found["crimes"]["sheet"].to_pylist() == [None] * 2


def test_two_victims_and_three_suspects_in_six_rows_are_one_crime(tmp_path):
    first = crime()
    persons = {
        "crimes": [first],
        "victims": [victim(first, number) for number in (1, 2)],
        "suspects": [suspect(first, number, relationship="Friend") for number in (1, 2, 3)],
    }
    layout = LAYOUTS["athena"]
    found = records_of(write_return(tmp_path, layout, persons), layout)
    assert [found[kind].num_rows for kind in RECORD_TYPES] == [1, 2, 6]
    # the suspects' rows differ by the victim they are related to; by reference there are three
    assert len(set(found["suspects"]["suspect_reference"].to_pylist())) == 3
    assert found["victims"]["record_number"].to_pylist() == [1, 4]


def test_a_flat_row_without_a_person_gives_no_person(tmp_path):
    first = crime()
    layout = LAYOUTS["athena"]
    found = records_of(
        write_return(tmp_path, layout, {**EMPTY, "crimes": [first], "victims": [victim(first)]}), layout
    )
    assert [found[kind].num_rows for kind in RECORD_TYPES] == [1, 1, 0]


def test_repeats_far_apart_are_kept_once_and_lookalikes_twice(tmp_path):
    layout = LAYOUTS["athena"]
    rows = [crime(1), crime(2), crime(1), crime(1, summary="more"), crime(2)]
    found = records_of(write_return(tmp_path, layout, {**EMPTY, "crimes": rows}), layout)
    assert found["crimes"]["record_number"].to_pylist() == [1, 2, 4]


def test_text_is_kept_as_it_came(tmp_path):
    layout = LAYOUTS["national"]
    rows = [crime(offence_code=text) for text in ("001", "1E5", "NA", "NULL", "1.5", "\u00a0 19E ", "nan")]
    found = records_of(write_return(tmp_path, layout, {**EMPTY, "crimes": rows}), layout)
    assert found["crimes"]["offence_code"].to_pylist() == ["001", "1E5", "NA", "NULL", "1.5", "19E", "nan"]


def test_blank_values_are_those_of_the_layout(tmp_path):
    layout = LAYOUTS["athena"]
    found = records_of(
        write_return(tmp_path, layout, {**EMPTY, "crimes": [crime(cse_flag=" NULL ", csa_flag="null")]}),
        layout,
    )
    assert found["crimes"]["cse_flag"].to_pylist() == [None]
    assert found["crimes"]["csa_flag"].to_pylist() == ["null"]


def test_only_a_date_exactly_in_the_format_becomes_iso(tmp_path):
    layout = LAYOUTS["niche"]
    texts = [
        "03/02/2023",
        "3/2/2023",
        "31/02/2023",
        "2023-02-03",
        "03/02/23",
        "03/02/0202",
        "03/02/2023 00:00",
    ]
    found = records_of(
        write_return(tmp_path, layout, {**EMPTY, "crimes": [crime(recorded_on=text) for text in texts]}),
        layout,
    )
    assert found["crimes"]["recorded_on"].to_pylist() == [
        "2023-02-03",
        *texts[1:3],
        "2023-02-03",
        texts[4],
        "0202-02-03",
        # a time of day is dropped
        "2023-02-03",
    ]


def test_a_cell_is_split_and_a_text_without_separator_is_the_first_piece(tmp_path):
    layout = LAYOUTS["iops"]
    first = crime()
    files = write_return(
        tmp_path,
        layout,
        {**EMPTY, "crimes": [first], "victims": [victim(first, surname="Missing value")]},
    )
    found = records_of(files, layout)["victims"].to_pylist()[0]
    assert (found["surname"], found["forenames"], found["date_of_birth"]) == ("Missing value", None, None)


def test_workbook_cells_become_text(tmp_path):
    part = LAYOUTS["connect"].part("all")
    book = xlsxwriter.Workbook(tmp_path / "return.xlsx")
    book.add_worksheet()
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, part.headings)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})

    def write(heading, value, form=None):
        sheet.write(1, part.headings.index(heading), value, form)

    write("[Crime Number]", 23000000001)
    write("[HO Code]", 44062)
    write("[Date Record Created]", date(2023, 2, 3), day)
    write("[Date Reported]", datetime(2023, 2, 3, 10, 30), moment)
    write("[Offence Start]", datetime(2023, 1, 1), moment)
    write("[CSE]", True)
    write("[Offender Count]", 2.5)
    write("[Summary]", "=1+1 is text")
    book.close()
    found = records_of({"return.xlsx": tmp_path / "return.xlsx"}, LAYOUTS["connect"])["crimes"].to_pylist()[0]
    assert found["crime_reference"] == "23000000001"
    assert found["offence_code"] == "44062"
    assert found["recorded_on"] == "2023-02-03"
    # a time of day is dropped under a date, whatever the format of the column
    assert found["reported_on"] == "2023-02-03"
    assert found["committed_from"] == "2023-01-01"
    assert found["cse_flag"] == "TRUE"
    assert found["offenders_stated"] == "2.5"
    assert found["sheet"] == "Sheet2"


def test_numbers_that_a_spreadsheet_shows_as_dates_or_times_are_what_their_columns_hold(tmp_path):
    part = LAYOUTS["connect"].part("all")
    book = xlsxwriter.Workbook(tmp_path / "return.xlsx")
    book.add_worksheet()
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, part.headings)
    forms = {
        name: book.add_format({"num_format": code})
        for name, code in {"day": "dd/mm/yyyy", "elapsed": "[h]:mm:ss", "clock": "hh:mm"}.items()
    }

    def write(heading, value, form=None):
        sheet.write_number(1, part.headings.index(heading), value, forms.get(form))

    write("[Crime Number]", 23000000001, "elapsed")
    write("[Incident Number]", 123456, "elapsed")
    write("[Date Record Created]", 44960.75, "clock")
    write("[Date Reported]", 44960.75)
    write("[Offence Start]", 44927, "elapsed")
    write("[Offender Count]", 2, "day")
    book.close()
    notes = []
    grids = read({"return.xlsx": tmp_path / "return.xlsx"}, LAYOUTS["connect"])
    found = mapping.records(grids, notes)["crimes"].to_pylist()[0]
    assert found["crime_reference"] == "23000000001"
    assert found["incident_reference"] == "123456"
    assert (found["recorded_on"], found["reported_on"]) == ("2023-02-03", "2023-02-03")
    assert found["committed_from"] == "2023-01-01"
    assert found["offenders_stated"] == "2"
    assert {(note.code, note.column) for note in notes} == {
        ("RP07", None),
        ("RP02", "reported_on"),
    }


# what does not fit -----------------------------------------------------------------------------------------


@pytest.fixture
def national(tmp_path):
    """A national return of three files, and how to spoil one of them."""
    files = write_return(tmp_path, LAYOUTS["national"], one_crime())

    def spoil(name, change):
        files[name].write_bytes(change(files[name].read_bytes()))
        return told(files, LAYOUTS["national"])

    return spoil


def test_an_unknown_heading_is_named_with_what_was_expected(national):
    (reason,) = national("crimes.csv", lambda data: data.replace(b"cse_flag", b"cse_marker"))
    assert "crimes.csv" in reason and "'cse_marker'" in reason and "'cse_flag'" in reason


def test_a_missing_heading_is_named_with_what_came(national):
    def without_last(data):
        return b"\n".join(line.rsplit(b",", 1)[0] for line in data.splitlines())

    (reason,) = national("suspects.csv", without_last)
    assert "suspects.csv" in reason and "'arrested_on' is missing" in reason and "'relationship'" in reason


def test_a_heading_twice_is_named(national):
    reasons = national("crimes.csv", lambda data: data.replace(b"csa_flag", b"cse_flag", 1))
    assert any("'cse_flag' stands more than once" in reason for reason in reasons)


def test_text_under_no_heading_is_refused_and_an_empty_column_is_not(tmp_path):
    layout = LAYOUTS["national"]
    files = write_return(tmp_path, layout, {**EMPTY, "crimes": [crime()]})
    data = files["victims.csv"].read_bytes()
    files["victims.csv"].write_bytes(data.replace(b"\r\n", b", \r\n"))
    assert records_of(files, layout)["crimes"].num_rows == 1
    files["victims.csv"].write_bytes(data.replace(b"\r\n", b",\r\n") + b"a,b,c,d,e,f,g,h,i,j\r\n")
    (reason,) = told(files, layout)
    assert "column 10 holds text but has no heading" in reason


def test_without_a_heading_row_no_record_is_quoted(national):
    (reason,) = national("crimes.csv", lambda data: data.split(b"\r\n", 1)[1])
    assert "46/1001/23" not in reason and "heading row elsewhere" in reason


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data + b"46/9/23,x\r\n", "record 3 has 2 cells where the heading row has 22"),
        (lambda data: data + b"," * 30 + b"\r\n", "record 3 has 31 cells"),
        (lambda data: data + b"," * 21 + b'"never closed\r\n' + b"," * 21, "a quotation mark is not closed"),
        (lambda data: data + b"," * 20 + b'"never closed\r\n', "a quotation mark is not closed"),
        (lambda data: data.replace(b"46/1001", b"46/\xff"), "is not utf-8 text"),
        (lambda data: data.replace(b"46/1001", b"46/\0"), "is zero"),
        (lambda data: b"", "is empty"),
        (lambda data: b"\r\n\r\n", "is empty"),
        (lambda data: b"PK\x03\x04" + data, "workbook or ZIP"),
        (lambda data: data.decode().encode("utf-16"), "is utf-16 (by its first bytes) and not utf-8"),
        (lambda data: data + b'"' + b"x" * 9_000_000 + b'"' + b"," * 21, "longer than 4 MB"),
    ],
)
def test_a_damaged_file_is_refused_saying_where(national, change, says):
    (reason,) = national("crimes.csv", change)
    assert "crimes.csv: " in reason and says in reason
    assert "46/" not in reason and "never closed" not in reason


def test_the_position_of_a_byte_is_that_of_the_file(tmp_path):
    files = write_return(tmp_path, LAYOUTS["national"], one_crime())
    path = files["victims.csv"]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\x81")
    (reason,) = told(files, LAYOUTS["national"])
    assert f"byte {path.stat().st_size} is not utf-8 text" in reason


def test_cp1252_has_bytes_that_are_no_text(tmp_path):
    files = write_return(tmp_path, LAYOUTS["niche"], one_crime())
    name = next(name for name in files if "crime" in name)
    files[name].write_bytes(files[name].read_bytes() + b"\x81")
    (reason,) = told(files, LAYOUTS["niche"])
    assert f"byte {files[name].stat().st_size} is not cp1252" in reason


def test_utf8_where_cp1252_was_agreed_is_told_by_its_mark(tmp_path):
    files = write_return(tmp_path, LAYOUTS["niche"], one_crime())
    name = next(name for name in files if "victim" in name)
    files[name].write_bytes(b"\xef\xbb\xbf" + files[name].read_bytes())
    assert "is utf-8" in told(files, LAYOUTS["niche"])[0]


def test_banner_rows_missing(tmp_path):
    files = write_return(tmp_path, LAYOUTS["niche-banner"], one_crime())
    name = next(name for name in files if "victim" in name)
    files[name].write_bytes(b"Extract\r\n")
    assert told(files, LAYOUTS["niche-banner"]) == [
        f"ST06 {name}: ends before its heading row, expected in row 5."
    ]


def test_files_that_are_no_part_of_the_layout(tmp_path):
    layout = LAYOUTS["national"]
    files = write_return(tmp_path, layout, one_crime())
    files["notes.docx"] = files.pop("victims.csv")
    reasons = told(files, layout)
    assert any(reason.startswith("ST01 notes.docx: no file of this name is expected") for reason in reasons)
    assert any("No file for the victims" in reason for reason in reasons)


def test_two_files_for_one_table(tmp_path):
    for name in ("athena", "connect"):
        files = write_return(tmp_path / name, LAYOUTS[name], one_crime())
        path = next(iter(files.values()))
        (reason,) = told({**files, f"again{path.suffix}": path}, LAYOUTS[name])
        assert "2 files for one table" in reason and f"again{path.suffix}" in reason


def test_a_name_that_could_be_two_tables(tmp_path):
    files = write_return(tmp_path, LAYOUTS["niche"], one_crime())
    name = next(name for name in files if "victim" in name)
    files["crime_victims.csv"] = files.pop(name)
    assert any("could mean crimes and victims" in reason for reason in told(files, LAYOUTS["niche"]))


def test_a_workbook_without_the_sheet(tmp_path):
    files = write_return(tmp_path, LAYOUTS["red-sigma"], one_crime())
    (reason,) = told(files, LAYOUTS["connect"])[:1]
    assert "sheet Aggrieved" in reason  # the second sheet is there, with other headings
    assert "has no sheet 'crimes'" in told(files, LAYOUTS["national-workbook"])[0]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FL24"),
        (b"PK\x03\x04 and nothing", "FL09"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "FL10"),
        (b"a,b\n1,2\n", "FL10"),
    ],
)
def test_what_is_no_workbook(tmp_path, data, code):
    path = tmp_path / "return.xlsx"
    path.write_bytes(data)
    (reason,) = told({"return.xlsx": path}, LAYOUTS["connect"])
    assert reason.startswith(f"{code} return.xlsx: ")


def test_a_workbook_that_unpacks_beyond_reason(tmp_path):
    import zipfile

    path = tmp_path / "return.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    (reason,) = told({"return.xlsx": path}, LAYOUTS["connect"])
    assert "unpacks to 50,000,000 bytes" in reason


# properties ------------------------------------------------------------------------------------------------

# characters that cannot be seen (Cf) are taken out of codes and dates: the hostile returns have them
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cf"), exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(TEXTS, min_size=22, max_size=22), min_size=1, max_size=4))
def test_any_text_in_a_csv_reads_back_trimmed(rows, tmp_path_factory):
    layout = LAYOUTS["national"]
    headings = layout.part("crimes").headings
    written = [dict(zip(headings, row, strict=True)) for row in rows]
    folder = tmp_path_factory.mktemp("any")
    found = records_of(write_return(folder, layout, {**EMPTY, "crimes": written}), layout)["crimes"]
    worded = {column.column for column in layout.part("crimes").columns if repairs.kind(column) is None}
    expected = [
        {name: (text.strip() if name in worded else plain(text)) or None for name, text in row.items()}
        for row in written
    ]
    read_back = [{name: row[name] for name in headings} for row in found.to_pylist()]
    assert read_back == [row for row in expected if any(row.values())]


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400), kind=st.sampled_from(["athena", "connect"]), head=st.booleans())
def test_bytes_at_random_are_refused_and_never_crash(data, kind, head, tmp_path_factory):
    layout = LAYOUTS[kind]
    name = NAMES[layout.parts[0].file_pattern]
    path = tmp_path_factory.mktemp("random") / name
    if head:
        start = write_return(path.parent, layout, {**EMPTY, "crimes": [crime()]})[name].read_bytes()
        data = (
            start + data if kind == "athena" else start[: len(start) // 2] + data + start[len(start) // 2 :]
        )
    path.write_bytes(data)
    try:
        found = records_of({name: path}, layout)
    except Unreadable as refused:
        assert all(reason.sentence.startswith(name) and reason.code for reason in refused.reasons)
    else:
        assert head and found["crimes"].num_rows >= 1


# what a spreadsheet leaves behind, blanks of each kind, and what is in order
TEXTS = [
    "",
    " ",
    "NULL",
    "Y",
    " Y",
    "y",
    "19/16",
    "19-Aug",
    "Aug-19",
    "26146",
    "2.3E+10",
    "1.5E3",
    "#REF!",
    "12.0",
]
TEXTS += [
    "04/0001/23",
    "4/0001/23",
    "\u200b4/0002/23 ",
    "\u200b",
    "Grand Total",
    "2023-01-05",
    "12345678901234567",
]


@given(
    st.sampled_from([part for layout in LAYOUTS.values() for part in layout.parts]),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=10),
)
@settings(max_examples=25, deadline=None)
def test_texts_looked_at_one_by_one_become_what_they_become_together(part, cells):
    turned = [cells[-shift:] + cells[:-shift] for shift in range(len(part.headings))]
    columns = {
        heading: pa.array(texts, pa.string()).dictionary_encode()
        for heading, texts in zip(part.headings, turned, strict=True)
    }
    grid = Grid("return", None, part, columns, 1, len(cells))
    found = []
    for few in (0, len(TEXTS)):
        notes = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mapping, "FEW", few)
            try:
                tables = mapping.records([grid], notes, force_codes())
            except Unreadable as problem:  # most dates of a column are written otherwise
                tables = problem.reasons
        met = [(note.code, note.record_type, note.column, note.records.tolist()) for note in notes]
        found.append((tables, met))
    assert found[0] == found[1]
