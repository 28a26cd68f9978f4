"""Reports of a small release: no number that is not a figure's, symbols for what there is not, the command."""

import csv
import html
import json
import re
import shutil
import zipfile

import duckdb
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from orchestration.command import cpai
from orchestration.releases import reports
from tests.reports.conftest import seed
from tests.reports.pages import Page


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    into = tmp_path_factory.mktemp("into")
    for period in ("2023", "2023-Q1"):
        assert len(list(reports.prepare(home, period, into=into / period).write())) == 8
    return into


def published(home) -> dict[tuple, tuple]:
    with duckdb.connect(str(home.releases / "2023.r1" / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute(
            "select figure_id, place, period, numerator, denominator, percent, status from figures"
        ).fetchall()
    return {
        row[:3]: dict(zip(("numerator", "denominator", "percent", "status"), row[3:], strict=True))
        for row in rows
    }


def all_pages(folder):
    return [path for path in sorted(folder.rglob("*.html")) if path.name != "index.html"]


def test_every_number_on_every_page_is_the_figure_that_it_names(home, folder):
    figures = published(home)
    for path in all_pages(folder):
        page = Page(path)
        of_figures = [(source, text) for source, text in page.numbers if "data-figure" in source]
        assert len(of_figures) > 200, path.name
        for source, text in of_figures:
            figure = figures.get((source["data-figure"], source["data-place"], source["data-period"]))
            if figure is None:
                assert text in ("[z]", "[x]"), source
            elif figure["status"] == "withheld":
                assert text == "[u]", source
            elif figure[source["data-of"]] is None:
                assert text == "[z]", source
            elif source["data-of"] == "percent":
                decimals = 1 if source["data-figure"].startswith("scale.cocad_of") else 0
                assert text == f"{figure['percent']:.{decimals}f}%", source
            else:
                assert text == f"{figure[source['data-of']]:,}", source


def test_no_digit_stands_outside_a_number_that_says_where_it_is_from(folder):
    pages = all_pages(folder)
    assert len(pages) == 16
    assert {path.name: Page(path).unexplained for path in pages} == {path.name: [] for path in pages}


def test_a_number_typed_into_a_page_would_be_found(folder, tmp_path):
    page = (folder / "2023" / "national.html").read_text(encoding="utf-8")
    typed = tmp_path / "typed.html"
    typed.write_text(page.replace("At a glance", "At a glance: 4,228 crimes"), encoding="utf-8")
    assert Page(typed).unexplained == ["At a glance: 4,228 crimes"]


def test_what_is_printed_is_listed_with_its_page(folder):
    with (folder / "2023" / "printed.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    on_page = Page(folder / "2023" / "forces" / "kent.html").numbers
    of_kent = [row["shown"] for row in listed if row["page"] == "forces/kent.html"]
    # a bar without a number is not drawn, and nothing else is left out
    assert sorted(of_kent) == sorted(text for _, text in on_page)


def texts(path, figure_id, of="numerator", place=None):
    return {
        text
        for source, text in Page(path).numbers
        if source.get("data-figure") == figure_id
        and source["data-of"] == of
        and place in (None, source["data-place"])
    }


def test_zero_withheld_not_applicable_and_not_available_are_told_apart(folder):
    forces = folder / "2023" / "forces"
    assert texts(forces / "dyfed-powys.html", "cocad.all.crime.total.all") == {"0"}
    assert texts(forces / "dyfed-powys.html", "cocad.crime.recency", place="dyfed-powys") == {"[z]"}
    assert texts(forces / "surrey.html", "criterion.cse") == {"[u]"}
    assert texts(forces / "gwent.html", "cocad.crime.total") == {"[x]"}
    assert texts(forces / "gwent.html", "cocad.crime.recency", place="gwent") == {"[x]"}
    assert "The largest criterion" not in (forces / "surrey.html").read_text(encoding="utf-8")


def test_the_annual_report_prints_every_figure_of_the_publication(folder):
    printed = {source.get("data-figure") for source, _ in Page(folder / "2023" / "national.html").numbers}
    asked = {row["figure_id"] for row in seed("figure_definitions.csv") if not row["repeats"]}
    # quarters stand there as totals of the quarter
    assert {figure for figure in asked - printed if ".2023-Q" not in figure} == set()


@pytest.mark.parametrize("name", ["national", "forces/kent", "forces/gwent"])
def test_a_workbook_holds_the_tables_of_its_page(folder, name):
    book = CalamineWorkbook.from_path(str(folder / "2023" / f"{name}.xlsx"))
    page = (folder / "2023" / f"{name}.html").read_text(encoding="utf-8")
    captions = [html.unescape(caption) for caption in re.findall(r"<caption[^>]*>([^<]+)</caption>", page)]
    assert book.sheet_names == ["Cover", "Notes", *(caption.split(":")[0] for caption in captions)]
    tables = re.findall(r"<table>(.*?)</table>", page, re.DOTALL)
    for caption, table, sheet in zip(captions, tables, book.sheet_names[2:], strict=True):
        title, _, _, *rows = book.get_sheet_by_name(sheet).to_python()
        assert title[0] == caption
        cells = [cell for row in rows for cell in row]
        assert "" not in cells, sheet
        in_book = [cell for cell in cells if isinstance(cell, float) or cell[0] == "["]
        on_page = [as_number(text) for text in re.findall(r"<data[^>]*>([^<]+)</data>", table)]
        # the total of a split has no shares: the workbook says so in cells that the page leaves empty
        left_empty = ["[z]"] * table.count("<td></td>", table.find("<tfoot>")) if "<tfoot>" in table else []
        assert sorted(map(str, in_book)) == sorted(map(str, [*on_page, *left_empty])), sheet


def test_a_workbook_has_no_formula_and_hides_nothing(folder):
    with zipfile.ZipFile(folder / "2023" / "national.xlsx") as book:
        parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
    assert any(name.startswith("xl/tables/") for name in parts)
    assert not [
        name for name, part in parts.items() if re.search(r"<f[ >]|hidden=|state=.(very)?[hH]idden", part)
    ]


def as_number(text: str) -> float | str:
    if text.startswith("["):
        return text
    return round(float(text[:-1]) / 100, 3) if text.endswith("%") else float(text.replace(",", ""))


def test_caveats_follow_from_the_data(folder):
    nation = " ".join((folder / "2023" / "national.html").read_text(encoding="utf-8").split())
    assert "Not received: Gwent Police January to March 2023; Gwent Police April to June 2023" in nation
    assert "Krippendorff's alpha" in nation
    assert "has been collected since April 2023" in nation
    kent = (folder / "2023" / "forces" / "kent.html").read_text(encoding="utf-8")
    assert "Not received" not in kent
    assert "a code closed" in kent
    first_quarter = (folder / "2023-Q1" / "national.html").read_text(encoding="utf-8")
    assert "Not collected before April 2023." in first_quarter


def test_regions_and_the_force_in_none_stand_in_one_table(folder):
    page = (folder / "2023" / "national.html").read_text(encoding="utf-8")
    table = page.split("crimes by region</caption>")[1].split("</table>")[0]
    rows = [row.split("</th>")[0] for row in table.split('<th scope="row">')[1:]]
    assert rows == ["South East", "Wales", "British Transport Police", "England and Wales"]


def test_the_same_release_gives_the_same_pages(home, folder, tmp_path):
    list(reports.prepare(home, "2023", into=tmp_path).write())
    for path in [*all_pages(folder / "2023"), folder / "2023" / "national.xlsx"]:
        assert (tmp_path / path.relative_to(folder / "2023")).read_bytes() == path.read_bytes()


def command(home, *words):
    return CliRunner().invoke(cpai, ["--home", str(home.root), "report", *words])


def test_the_command_writes_one_place_or_all(home, tmp_path):
    answer = command(home, "2023-Q2", "--place", "kent", "--into", str(tmp_path / "kent"), "--json")
    assert json.loads(answer.stdout)["reports"] == ["forces/kent.html"]
    assert sorted(path.name for path in (tmp_path / "kent").rglob("*.*")) == ["kent.html", "kent.xlsx"]
    everything = command(home, "2023-Q2", "--json")
    written = json.loads(everything.stdout)
    assert len(written["reports"]) == 8
    assert written["folder"] == str(home.root / "reports" / "2023.r1" / "2023-Q2")


def test_the_command_says_what_is_wrong_and_what_there_is(home):
    nowhere = command(home, "2023", "--place", "Narnia")
    assert nowhere.exit_code == 1
    assert "no place 'Narnia' in 2023.r1; there are: England and Wales, South East, Wales" in nowhere.stderr
    later = command(home, "2024-Q1")
    assert later.exit_code == 1
    assert "the release has no 2024-Q1: it holds 2023-Q1" in later.stderr
    assert command(home, "2023", "--release", "2023.r9").exit_code == 1
    assert command(home, "soon").exit_code == 2


def test_public_reports_print_what_the_public_tier_shows_and_nothing_else(home, tmp_path):
    public = home.releases / "2023.r1" / "public"
    assert "has no public tier" in command(home, "2023", "--public").stderr
    public.mkdir()
    try:
        with duckdb.connect(str(public.parent / "marts.duckdb"), read_only=True) as marts:
            # a force's suspects are not shown; small counts are hidden, and their shares
            marts.execute(
                """
                copy (
                    select * replace (
                        case
                            when status = 'withheld' then '[u]'
                            when numerator < 30 then '[c]'
                            else numerator::varchar
                        end as numerator,
                        case
                            when status = 'withheld' then '[u]'
                            else coalesce(denominator::varchar, '[z]')
                        end as denominator,
                        case
                            when status = 'withheld' then '[u]'
                            when denominator is null then '[z]'
                            when numerator < 30 then '[c]'
                            else percent::varchar
                        end as percent
                    )
                    from figures where place_type <> 'force' or unit <> 'suspect'
                ) to ? (header)
                """,
                [str(public / "figures.csv")],
            )
        with (public / "figures.csv").open(newline="", encoding="utf-8") as file:
            shown = {(row["figure_id"], row["place"], row["period"]): row for row in csv.DictReader(file)}
        list(reports.prepare(home, "2023-Q3", into=tmp_path, public=True).write())
        signs = set()
        for path in all_pages(tmp_path):
            for source, text in Page(path).numbers:
                if "data-table" in source:
                    continue
                row = shown.get((source["data-figure"], source["data-place"], source["data-period"]))
                if row is None:
                    assert text == "[x]", (path.name, source)
                elif text.startswith("["):
                    assert text == row[source["data-of"]], (path.name, source)
                    signs.add(text)
                else:
                    assert float(text.rstrip("%").replace(",", "")) == pytest.approx(
                        float(row[source["data-of"]]), abs=0.5
                    )
        assert {"[c]", "[u]"} <= signs
        # Kent has hidden counts among its criteria: which is the largest would say something of them
        kent = (tmp_path / "forces" / "kent.html").read_text(encoding="utf-8")
        assert "Public: what could be about a person" in kent
        assert "Restricted" not in kent
        assert "The largest criterion" not in kent
        assert "The largest criterion" in (tmp_path / "national.html").read_text(encoding="utf-8")
    finally:
        shutil.rmtree(public)
