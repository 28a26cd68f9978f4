"""Workbooks in every way that their formats allow them to be spelt: what is written is what is read, by the patterns and by
the parser alike, and what is noted of one format is noted of all."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

import pytest
import workbooks
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.returns import opening
from orchestration.returns.reasons import Unreadable
from orchestration.returns.workbooks import plain, process, xls
from orchestration.returns.workbooks.cells import moment, number_text
from orchestration.returns.workbooks.xlsx import Xlsx, style_of, unescaped

# what XML can hold; a carriage return becomes a line feed in it
CELL_TEXTS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]) | st.sampled_from("\t\n"), max_size=12
).filter(lambda text: unescaped(text) == text)
TABLES = st.lists(st.lists(CELL_TEXTS, min_size=3, max_size=3), min_size=1, max_size=6)


def read(path, sheet="Data", name="return.xlsx"):
    with opening.workbook(name, path) as book:
        return book.sheet(sheet)


def trimmed(table):
    """A table as a sheet has it: without the blank rows and columns after the last that holds something."""
    while table and not any(table[-1]):
        table = table[:-1]
    width = max((n for row in table for n, text in enumerate(row, 1) if text), default=0)
    return [row[:width] for row in table]


class Spelling:
    """One way of writing a sheet's XML, drawn for each thing in it."""

    def __init__(self, draw):
        self.draw = draw
        self.prefix = draw(st.sampled_from(["", "", "x:"]))
        self.shared: list[str] = []

    def tag(self, name, attributes="", content=None):
        space = self.draw(st.sampled_from(["", " ", "\n"]))
        if content is None:
            return f"<{self.prefix}{name}{attributes}{space}/>"
        return f"<{self.prefix}{name}{attributes}{space}>{content}</{self.prefix}{name}>"

    def attribute(self, name, value):
        quote = self.draw(st.sampled_from(["'", '"']))
        first = self.draw(st.booleans())
        value = f"&#{ord(value[0])};{value[1:]}" if self.draw(st.integers(0, 5)) == 5 else value
        return f" {name}{' ' if first else ''}={quote}{value}{quote}"

    def place(self, row, column):
        text = f"{workbooks.letters(column)}{row}"
        text = text.lower() if self.draw(st.integers(0, 4)) == 4 else text
        zero = f"{workbooks.letters(column)}000{row}" if self.draw(st.integers(0, 4)) == 4 else text
        blank = self.draw(st.sampled_from(["", "", " ", "\n"]))
        return self.attribute("r", f"{zero}{blank}")

    def text(self, text):
        if self.draw(st.integers(0, 3)) == 3 and "]]>" not in text:
            half = len(text) // 2
            return f"<![CDATA[{text[:half]}]]>{escape(text[half:])}"
        return escape(text)

    def cell(self, row, column, text):
        place = self.place(row, column)
        kind = self.draw(st.sampled_from(["inline", "runs", "shared", "str"]))
        space = self.draw(st.sampled_from(["", " ", "\n "]))
        if kind == "shared":
            self.shared.append(text)
            number = f"{space}{len(self.shared) - 1}{space}"
            return self.tag("c", place + self.attribute("t", "s"), self.tag("v", "", number))
        if kind == "str":
            return self.tag("c", place + self.attribute("t", "str"), self.tag("v", "", self.text(text)))
        if kind == "inline":
            inside = self.tag("t", ' xml:space="preserve"', self.text(text))
        else:
            half = len(text) // 2
            inside = "".join(
                self.tag("r", "", self.tag("t", "", self.text(one))) for one in (text[:half], text[half:])
            )
            inside += self.tag("rPh", "", self.tag("t", "", "not its text"))
        return self.tag("c", place + self.attribute("t", "inlineStr"), f"{space}{self.tag('is', '', inside)}")

    def sheet(self, table):
        rows = []
        for number, row in enumerate(table, 1):
            cells = [self.cell(number, column, text) for column, text in enumerate(row, 1) if text]
            apart = self.draw(st.booleans())  # one row element a cell
            attribute = self.attribute("r", str(number))
            rows += [self.tag("row", attribute, cell) for cell in cells] if apart else []
            rows += [] if apart else [self.tag("row", attribute, "".join(cells))]
            rows.append(self.draw(st.sampled_from(["", "\n", "<!-- <row r='9'><c r='A9'/></row> -->"])))
        return "".join(rows)

    def parts(self, table):
        spaces = f'xmlns{":x" if self.prefix else ""}="{workbooks.MAIN}"'
        sheet = self.tag("sheetData", "", self.sheet(table))
        texts = "".join(self.tag("si", "", self.tag("t", "", self.text(text))) for text in self.shared)
        names = ("worksheet", "sst")
        return [
            f"<{self.prefix}{name} {spaces}>{content}</{self.prefix}{name}>"
            for name, content in zip(names, (sheet, texts), strict=True)
        ]


def packed(path, sheet, shared, entry="xl/sharedStrings.xml"):
    workbooks.xlsx(path, "", cover=False, extra={entry: shared.encode()})
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), table=TABLES)
def test_a_sheet_in_any_spelling_reads_as_it_was_meant(data, table, tmp_path_factory):
    path = tmp_path_factory.mktemp("spelt") / "return.xlsx"
    packed(path, *Spelling(data.draw).parts(table))
    assert read(path).rows() == trimmed(table)


@settings(max_examples=60, deadline=None)
@given(
    table=TABLES,
    places=st.booleans(),
    inline=st.booleans(),
    odd=st.sampled_from(["", "<!-- -->", "<x/>", " ", "&amp;", "<c></c>", "<c><v></v></c>", "\r\n"]),
)
def test_the_patterns_read_what_the_parser_reads(table, places, inline, odd, tmp_path_factory):
    rows, shared = [], []
    for number, row in enumerate(table, 1):
        cells = []
        for column, text in enumerate(row, 1):
            place = f' r="{workbooks.letters(column)}{number}"' if places else ""
            if not text:
                cells.append(f"<c{place}/>")
            elif inline:
                cells.append(f'<c{place} t="inlineStr"><is><t>{escape(text)}</t></is></c>')
            else:
                cells.append(f'<c{place} t="s"><v>{len(shared)}</v></c>')
                shared.append(f"<si><t>{escape(text)}</t></si>")
        rows.append(f'<row r="{number}">{"".join(cells)}{odd if number == 1 else ""}</row>')
    path = tmp_path_factory.mktemp("plain") / "return.xlsx"
    space = f'xmlns="{workbooks.MAIN}"'
    packed(
        path,
        f"<worksheet {space}><sheetData>{''.join(rows)}</sheetData></worksheet>",
        f'<sst {space} uniqueCount="4000000000">{"".join(shared)}</sst>',
    )
    patterns = Xlsx(path, "return.xlsx").sheet("Data", "here", None).columns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "between", _not_plain)
        parser = Xlsx(path, "return.xlsx").sheet("Data", "here", None).columns
    assert patterns == parser
    assert read(path).rows() == trimmed(table)


def _not_plain(*_):
    raise plain.NotPlain


def test_what_programs_mostly_write_is_read_by_the_patterns(tmp_path, monkeypatch):
    """Else the patterns would save nothing, and no other test would see it."""
    path = tmp_path / "return.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Data").write_row(0, 0, ["a", 1, "a & b", 2.5])
    between, read_so = plain.between, []

    def watched(*asked):
        around = between(*asked)
        read_so.append(around.read())
        around.seek(0)
        return around

    monkeypatch.setattr(plain, "between", watched)
    assert Xlsx(path, "return.xlsx").sheet("Data", "here", None).columns.keys() == {1, 2, 3, 4}
    assert [b"<row" in around or b"<si>" in around for around in read_so] == [False, False]


def ods_xml(table, draw):
    """The content of an ODS: repeats for what is equal, spaces and tabs as elements, a note beside a text."""
    rows = []
    for row in table:
        cells = []
        for text in row:
            inside = "".join(
                {"\t": "<text:tab/>", " ": '<text:s text:c="1"/>', "\n": "<text:line-break/>"}.get(
                    one, escape(one)
                )
                for one in text
            )
            note = "<office:annotation><text:p>a note</text:p></office:annotation>"
            note = note if draw(st.booleans()) else ""
            span = f"<text:span>{inside}</text:span>" if draw(st.booleans()) else inside
            cells.append(
                f'<table:table-cell office:value-type="string">{note}<text:p>{span}</text:p></table:table-cell>'
                if text
                else "<table:table-cell/>"
            )
        rows.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    return "".join(rows)


def ods(path, rows, settings_xml="", styles="", style=""):
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text", "style")
    )
    calc = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "content.xml",
            f"<office:document-content {spaces} {calc}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:spreadsheet>{settings_xml}"
            f'<table:table table:name="Data"{style}>{rows}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        )


@settings(max_examples=60, deadline=None)
@given(data=st.data(), table=TABLES)
def test_an_ods_reads_as_it_was_meant(data, table, tmp_path_factory):
    path = tmp_path_factory.mktemp("ods") / "return.ods"
    ods(path, ods_xml(table, data.draw))
    assert read(path, name=path.name).rows() == trimmed(table)


# what is noted of one format is noted of all ------------------------------------------------------------------


def xlsx_of_all(path):
    rows = (
        '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
        '<row r="2" hidden=\'1\'><c r="A2" t="str"><v>b</v></c></row>'
        '<row r="3"><c r="A3" t=\'e\'><v>#REF!</v></c></row>'
        '<row r="4"><c r="A4"><v>38472</v></c></row>'
    )
    workbooks.xlsx(
        path,
        rows,
        after="<mergeCells><mergeCell ref='a5:B6'/></mergeCells>",
        workbook="<workbookPr date1904='true'/>",
    )


def ods_of_all(path):
    cell = "<table:table-cell office:value-type={}>{}</table:table-cell>"
    rows = (
        f"<table:table-row>{cell.format(quoteattr('string'), '<text:p>a</text:p>')}</table:table-row>"
        "<table:table-row table:visibility='collapse'>"
        f"{cell.format(quoteattr('string'), '<text:p>b</text:p>')}</table:table-row>"
        "<table:table-row><table:table-cell office:value-type='string' calcext:value-type='error' "
        "office:string-value=''><text:p>#REF!</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell office:value-type='float' office:value='38472'/></table:table-row>"
        "<table:table-row><table:table-cell table:number-rows-spanned='2' table:number-columns-spanned='2'/>"
        "</table:table-row>"
    )
    null_date = "<table:calculation-settings><table:null-date table:date-value='1904-01-01'/></table:calculation-settings>"
    style = "<style:style style:name='ta1'><style:table-properties table:display='false'/></style:style>"
    ods(path, rows, null_date, style, " table:style-name='ta1'")


def xls_of_all(path):
    workbooks.xls_of_records(
        path,
        "Data",
        [
            workbooks.label(0, 0, "a"),
            workbooks.hidden_row(1),
            workbooks.label(1, 0, "b"),
            workbooks.error(2, 0),
            workbooks.number(3, 0, 38472),
            workbooks.chart(workbooks.number(9, 9, 1)),
            workbooks.merged(4, 5, 0, 1),
        ],
        from_1904=True,
        hidden=True,
    )


@pytest.mark.parametrize(("form", "write"), [("xlsx", xlsx_of_all), ("ods", ods_of_all), ("xls", xls_of_all)])
def test_what_is_noted_of_one_format_is_noted_of_all(form, write, tmp_path):
    path = tmp_path / f"return.{form}"
    write(path)
    with opening.workbook(path.name, path) as book:
        sheet = book.sheet("Data")
        assert book.from_1904
        assert form == "xlsx" or book.hidden == {"Data"}
    assert sheet.met == {"RP55": [3], "RP57": [5, 6], "RP58": [2]}
    assert [row[0] for row in sheet.rows()] == ["a", "b", "", "38472"]


@pytest.mark.parametrize("form", ["xlsx", "ods", "xls"])
@pytest.mark.parametrize("from_1904", [False, True])
def test_a_day_number_is_the_day_it_stands_for_in_every_format(form, from_1904, tmp_path):
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    assert moment(38472, from_1904).date() == first + timedelta(38472)
    path = tmp_path / f"return.{form}"
    when = datetime(2009, 5, 1, 18)
    days = (when - datetime(first.year, first.month, first.day)) / timedelta(1)
    if form == "xlsx":
        with xlsxwriter.Workbook(path, {"date_1904": from_1904}) as book:
            sheet = book.add_worksheet("Data")
            sheet.write_datetime(0, 0, when, book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
    elif form == "ods":
        begun = f"<table:calculation-settings><table:null-date table:date-value='{first}'/></table:calculation-settings>"
        cell = "<table:table-cell office:value-type='date' office:date-value='2009-05-01T18:00:00'/>"
        ods(path, f"<table:table-row>{cell}</table:table-row>", begun)
    else:
        workbooks.xls_of_records(
            path, "Data", [workbooks.number(0, 0, days, style=1)], from_1904=from_1904, formats=[0, 22]
        )
    sheet = read(path, name=path.name)
    assert sheet.rows() == [["2009-05-01T18:00:00"]]
    assert list(sheet.columns[1].shown.values()) == [(number_text(days), "date")]


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("dd/mm/yyyy", "date"),
        ("[$-809]d mmmm yyyy;@", "date"),
        ("mmm-yy", "date"),
        ("hh:mm", "time"),
        ("[h]:mm:ss", "time"),
        ("mm:ss", "time"),
        ("General", ""),
        ("0.00E+00", ""),
        ('0 "days"', ""),
        ("[Red]0;[Blue]-0", ""),
        ("#,##0\\ \\d", ""),
        ("@", ""),
    ],
)
def test_formats_that_show_a_number_as_a_date_or_time_are_told_by_their_code(code, style):
    assert style_of(code) == style


def test_shared_texts_of_an_xls_go_on_in_the_next_record():
    first = b"\0" * 4 + (4).to_bytes(4, "little")
    first += b"\x03\0\0abc" + b"\0\0\0" + b"\x04\0\x01" + "de".encode("utf-16-le")
    assert xls.blank_texts([first, b"\0fg" + b"\0\0\0"]) == {1, 3}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2024-03-31T23:30:00Z", "2024-04-01T00:30:00"),
        ("2024-03-31T23:30:00+01:00", "2024-03-31T23:30:00"),
        ("2024-03-31", "2024-03-31"),
        ("31/03/2024", "31/03/2024"),
    ],
)
def test_a_day_that_is_written_as_one_is_that_day_in_britain(written, shown, tmp_path):
    path = tmp_path / "return.xlsx"
    workbooks.xlsx(path, f'<row r="1"><c r="A1" t="d"><v>{written}</v></c></row>')
    assert read(path).rows() == [[shown]]


# what may be two things is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda z: z.writestr("XL/SharedStrings.xml", "<sst/>"), "FL18"),
        (lambda z: z.writestr("xl\\worksheets\\sheet1.xml", "<worksheet/>"), "FL18"),
    ],
)
def test_a_part_that_is_there_twice_is_refused(spoil, code, tmp_path):
    path = tmp_path / "return.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Data").write_row(0, 0, ["a"])
    with zipfile.ZipFile(path, "a") as packed_again:
        spoil(packed_again)
    with pytest.raises(Unreadable) as refused:
        read(path)
    assert [reason.code for reason in refused.value.reasons] == [code]


def test_no_process_is_left_over():
    process.close_idle()
    assert process._idle == []
