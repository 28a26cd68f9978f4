"""The formats beside the pages: PDF that a screen reader can follow, workbooks that LibreOffice opens as they are."""

import csv
import re
import shutil
import subprocess
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sheets import as_libreoffice_shows
from some import some

from orchestration.releases import reports
from orchestration.releases.reports import pdf

pytestmark = pytest.mark.proof
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for place in ("kent", "South East", "England and Wales"):
        list(reports.prepare(home, "2023-Q1", place, into=folder).write())
    return folder


def test_the_pdf_of_a_page_is_the_same_each_time(folder):
    assert pdf.problem() is None
    once, again = (pdf.write(folder / "forces" / "kent.html").read_bytes() for _ in range(2))
    assert once == again


@pytest.mark.parametrize("name", ["national", "forces/kent"])
def test_a_pdf_has_what_pdf_ua_asks_of_tables_pictures_and_headings(folder, name):
    """That the titles, headings and pictures are those of the page, which no validator can check, read from the file."""
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    written = pdf.write(folder / f"{name}.html").read_bytes()
    assert written.startswith(b"%PDF-1.7")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", written, re.DOTALL)
    inside = written + b"\n".join(
        zlib.decompressobj().decompress(stream) for stream in streams if stream.startswith(b"x")
    )
    # identified, in English, tagged, its title shown in the window's bar, tabs in the order of the tags
    for said in (
        b'pdfuaid:part="1"',
        b"/Lang (en-GB)",
        b"/MarkInfo <</Marked true>>",
        b"/DisplayDocTitle true",
    ):
        assert said in inside, said
    title = re.search(r"<title>(.*?)</title>", page)[1]
    assert f'xml:lang="x-default">{title}</rdf:li>'.encode() in inside
    assert inside.count(b"/Tabs /S") == inside.count(b"/Type /Page/") > 1
    tags = re.findall(rb"/Type /StructElem/S /(\w+)/K \[(.*?)\](.*)", inside)
    by_tag = {tag: [rest for one, _, rest in tags if one == tag] for tag, *_ in tags}
    pictures = re.findall(r'<title id="chart-\d+">(.*?)</title>', page)
    assert [re.search(rb"/Alt \((.*?)\)>>", rest)[1].decode() for rest in by_tag[b"Figure"]] == pictures
    # a cell names its headings, and each of them is there: all but the corner, and where a total has no share
    headings = {re.search(rb"/ID \((.*?)\)", rest)[1] for rest in by_tag[b"TH"]}
    cells = [re.findall(rb"\((.*?)\)", re.search(rb"/Headers \[(.*?)\]", rest)[1]) for rest in by_tag[b"TD"]]
    assert len(headings) == len(by_tag[b"TH"])
    assert {heading for cell in cells for heading in cell} <= headings
    said = [held for tag, held, _ in tags if tag == b"TD"]
    assert [cell for cell, held in zip(cells, said, strict=True) if held and len(cell) < 2] == []
    assert len(by_tag[b"Caption"]) >= page.count("<caption")
    levels = [int(tag[1:]) for tag, *_ in tags if re.fullmatch(rb"H[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(now - before <= 1 for before, now in pairwise(levels))


@pytest.mark.parametrize("name", ["national", "regions/south-east", "forces/kent"])
def test_a_validator_of_pdf_ua_finds_nothing(folder, name):
    assert broken_rules(folder / f"{name}.html") == set()


def test_a_validator_of_pdf_ua_finds_nothing_in_an_annual_report(home, tmp_path):
    list(reports.prepare(home, "2023", "England and Wales", into=tmp_path).write())
    assert broken_rules(tmp_path / "national.html") == set()


@pytest.mark.parametrize(
    ("said", "instead", "rule"),
    [
        (r'<title id="chart-.*?</title>', "", "FIGURE-ALTERNATIVE-TEXT"),
        (r"<title>.*?</title>", "", "METADATA-TITLE"),
        (r' lang="en-GB"', "", "LANGUAGE-TAG"),
        (r"<(/?)h2", r"<\1h4", "HEADING-NESTING"),
        (r'<th scope="col"[^>]*>(.*?)</th>', r"<td>\1</td>", "TABLE-HEADERS-SCOPE"),
    ],
)
def test_a_validator_of_pdf_ua_finds_what_is_planted(folder, tmp_path, said, instead, rule):
    planted, count = re.subn(said, instead, (folder / "forces" / "kent.html").read_text(encoding="utf-8"))
    (tmp_path / "kent.html").write_text(planted, encoding="utf-8")
    assert count
    assert broken_rules(tmp_path / "kent.html") == {f"PDFUA1-{rule}-001"}


def broken_rules(path: Path) -> set[str]:
    """The rules of PDF/UA-1 that the PDF of a page breaks."""
    from page import validate_pdf

    found = validate_pdf(pdf.write(path), profile="ua1")
    assert found.rules.total > 100
    return {failure.rule_id for failure in found.failures}


def test_a_validator_of_csvw_finds_nothing_and_finds_what_is_planted(folder, tmp_path):
    from csvw import CSVW

    described = [
        folder / "national" / "csv-metadata.json",
        folder / "forces" / "kent" / "csv-metadata.json",
    ]
    for metadata in described:
        read = CSVW(str(metadata), validate=True)
        assert read.is_valid, [str(warning.message) for warning in read.warnings]
    kent = folder / "forces" / "kent"
    first = (kent / "table-1.csv").read_text(encoding="utf-8")
    heads, january, february, _ = first.splitlines()
    for said, instead in (
        (heads, heads.replace("CPAI crimes", "Crimes")),
        (january, re.sub(r",\d+", ",many", january)),
        (february, january),
    ):
        shutil.copytree(kent, tmp_path, dirs_exist_ok=True)
        assert CSVW(str(tmp_path / "csv-metadata.json"), validate=True).is_valid
        (tmp_path / "table-1.csv").write_text(first.replace(said, instead), encoding="utf-8")
        try:
            found = not CSVW(str(tmp_path / "csv-metadata.json"), validate=True).is_valid
        except ValueError as problem:  # a key that is there twice it raises
            found = "duplicate primary key" in str(problem)
        assert found, said


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
    for name in some(held.sheet_names):
        with (tmp_path / f"national-{name}.csv").open(newline="", encoding="utf-8") as file:
            found = [number(cell) for row in csv.reader(file) for cell in row if cell]
        cells = [cell for row in held.get_sheet_by_name(name).to_python() for cell in row if cell != ""]
        assert found == [number(cell) for cell in cells], name
    as_libreoffice_shows(
        book, tmp_path / "by heading", lambda sheet: {"Cover": None, "Notes": 1}.get(sheet, 2)
    )


def number(cell: str | float) -> str:
    """A cell as its number, where it is one: LibreOffice writes 0.143 of a percentage as 14.3%."""
    told = str(cell)
    try:
        return f"{float(told.removesuffix('%')) / (100 if told.endswith('%') else 1):g}"
    except ValueError:
        return told
