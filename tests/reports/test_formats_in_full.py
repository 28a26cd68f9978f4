"""The formats beside the pages: PDF that a screen reader can follow, workbooks that LibreOffice opens as they are."""

import csv
import re
import shutil
import subprocess
import zlib

import pytest
from python_calamine import CalamineWorkbook

from orchestration.releases import reports
from orchestration.releases.reports import pdf

pytestmark = pytest.mark.proof
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for place in ("kent", "England and Wales"):
        list(reports.prepare(home, "2023-Q1", place, into=folder).write())
    return folder


def test_the_pdf_of_a_page_is_tagged_and_the_same_each_time(folder):
    assert pdf.problem() is None
    once, again = (pdf.write(folder / "forces" / "kent.html").read_bytes() for _ in range(2))
    assert once == again
    assert once.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", once, re.DOTALL)
    inside = once + b"".join(zlib.decompress(stream) for stream in streams if stream.startswith(b"x"))
    # a tree of tags, in English, with headings of tables told from their cells
    for tag in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang (en-GB)", b"/TH", b"/Caption", b"pdfuaid:part"):
        assert tag in inside, tag


def test_two_processes_write_the_pdf_of_every_page(home, tmp_path):
    prepared = reports.prepare(home, "2023-Q1", "gwent", into=tmp_path, with_pdf=True)
    list(prepared.write())
    assert [path.name for path in prepared.write_pdf()] == ["gwent.pdf"]
    assert 'href="gwent.pdf"' in (tmp_path / "forces" / "gwent.html").read_text(encoding="utf-8")


@pytest.mark.skipif(
    OFFICE is None, reason="no LibreOffice on this machine: install Debian's libreoffice-calc-nogui"
)
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_libreoffice_opens_a_workbook_and_finds_the_same_cells(folder, tmp_path, kind):
    book = folder / f"national.{kind}"
    # every sheet to a file of its own
    how = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    subprocess.run(
        [OFFICE, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", how,
         "--outdir", str(tmp_path), str(book)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    held = CalamineWorkbook.from_path(str(book))
    for name in held.sheet_names:
        with (tmp_path / f"national-{name}.csv").open(newline="", encoding="utf-8") as file:
            found = [number(cell) for row in csv.reader(file) for cell in row if cell]
        cells = [cell for row in held.get_sheet_by_name(name).to_python() for cell in row if cell != ""]
        assert found == [number(cell) for cell in cells], name


def number(cell: str | float) -> str:
    """A cell as its number, where it is one: LibreOffice writes 0.143 of a percentage as 14.3%."""
    told = str(cell)
    try:
        return f"{float(told.removesuffix('%')) / (100 if told.endswith('%') else 1):g}"
    except ValueError:
        return told
