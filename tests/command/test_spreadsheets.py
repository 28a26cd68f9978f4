"""One writer of CSV and workbooks: what it escapes, that it comes back, and that there is no other."""

import ast
import csv
import re
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from some import some

from orchestration import spreadsheets
from orchestration.home import PROJECT

CALCULATED = [
    *("=1+1", "+CMD|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1"),
    *(
        "\uff1d1",
        "\uff0b1+1",
        "\uff0d2",
        "\uff20SUM(1)",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "'=1",
        "''=1",
        "--",
        "-a",
    ),
]
LEFT_ALONE = [
    "",
    "a",
    "-3",
    "-3.2",
    "+44",
    "-1,234",
    "-5%",
    "-",
    "46/1/23",
    "'tis",
    "'",
    "a=1",
    "2-1",
    "[c]",
    "\u2013",
]
# what writes made-up returns stands for forces, whose cells are escaped by nobody
NOT_OURS = {
    "orchestration/spreadsheets.py",
    *(f"orchestration/synthetic/{name}.py" for name in ("writing", "return_workbook")),
}
LIBRARIES = {"xlsxwriter", "openpyxl", "odf", "xlwt", "pyexcel", "pylightxl"}
CALLS = {"to_csv", "to_excel", "write_csv", "DictWriter"}
COPY = re.compile(r"\bformat\s+csv\b|\(\s*header\b|\.csv'", re.IGNORECASE)


@pytest.mark.parametrize("text", CALCULATED)
def test_what_a_spreadsheet_would_calculate_is_escaped_and_comes_back(text):
    assert spreadsheets.escaped(text) == f"'{text}"
    assert spreadsheets.restored(f"'{text}") == text


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_any_other_text_stays_and_comes_back(text):
    assert spreadsheets.escaped(text) == text
    assert spreadsheets.restored(text) == text


@pytest.mark.parametrize("number", [-3, -3.2, 0, None, True])
def test_a_number_stays_a_number(number):
    assert spreadsheets.escaped(number) is number


def test_each_way_to_write_writes_the_same(tmp_path):
    texts = [*CALCULATED, *LEFT_ALONE]
    wanted = [spreadsheets.escaped(text) for text in texts]
    spreadsheets.write_csv(
        tmp_path / "a.csv", ["text", "number"], [{"text": text, "number": -1} for text in texts]
    )
    with duckdb.connect() as connection:
        connection.execute("create table t as select unnest(?) as text, -1 as number", [texts])
        spreadsheets.copy_csv(connection, "select * from t", tmp_path / "b.csv")
    for name in some(["a.csv", "b.csv"]):
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["text"] for row in rows] == wanted
        assert {row["number"] for row in rows} == {"-1"}
    with spreadsheets.workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("A")
        sheet.write_column(0, 0, ["text", *texts])
        sheet.write_column(0, 1, ["again", *texts])
        sheet.write_row(0, 2, ["number"])
        sheet.write(1, 2, -1)
        table = book.add_worksheet("B")
        table.add_table((0, 0, len(texts), 0), "Texts", ["=text"], [[text] for text in texts])
    book = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    one, other = (book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in ("A", "B"))
    # XML has one line end
    as_read = [text.replace("\r", "\n") for text in wanted]
    assert (
        [row[0].replace("\r", "\n") for row in one[1:]]
        == as_read
        == [row[1].replace("\r", "\n") for row in one[1:]]
    )
    assert [row[0].replace("\r", "\n") for row in other[1:]] == as_read
    assert other[0][0] == "'=text"
    assert one[1][2] == -1


def writers(source: str) -> list[str]:
    """What of a module writes a CSV or a workbook by itself."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in LIBRARIES]
        elif isinstance(node, ast.ImportFrom):
            names = {name.name for name in node.names}
            found += [str(node.module)] if (node.module or "").split(".")[0] in LIBRARIES else []
            found += ["csv"] if node.module == "csv" and names & {"writer", "DictWriter"} else []
        elif isinstance(node, ast.Attribute):
            of_csv = isinstance(node.value, ast.Name) and node.value.id == "csv" and node.attr == "writer"
            ours = isinstance(node.value, ast.Name) and node.value.id == "spreadsheets"
            found += [node.attr] if of_csv or (node.attr in CALLS and not ours) else []
        elif isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
            found += [text] if re.search(r"\bcopy\b", text, re.IGNORECASE) and COPY.search(text) else []
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [node.value] if re.search(r"\bformat\s+csv\b", node.value, re.IGNORECASE) else []
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import xlsxwriter",
        "from xlsxwriter.worksheet import Worksheet",
        "import openpyxl.styles",
        "import csv\ncsv.writer(file)",
        "import csv\ncsv.DictWriter(file, names)",
        "from csv import writer",
        "frame.to_csv(path)",
        "frame.write_csv(path)",
        'connection.execute(f"copy t to {path} (header)")',
        'how = "format csv, header"',
        "connection.execute(f\"COPY t TO '{name}.csv'\")",
    ],
)
def test_another_writer_is_found(source):
    assert writers(source)


def test_there_is_no_other_writer():
    files = [
        file for folder in ("orchestration", "expectations") for file in (PROJECT / folder).rglob("*.py")
    ]
    found = {
        (name, what)
        for file in some(files)
        if (name := Path(file).relative_to(PROJECT).as_posix()) not in NOT_OURS
        for what in writers(file.read_text(encoding="utf-8"))
    }
    assert found == set()
