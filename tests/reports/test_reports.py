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
def folder(home):
    into = home.root / "reports" / "2023.r1"
    for period in ("2023", "2023-Q1"):
        told = json.loads(command(home, period, "--json").stdout)
        assert told["folder"] == str(into / period)
        assert len(told["reports"]) == 8
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


def tables_of(path):
    """Caption, headings, and the cells of each row (in the total's, what the page leaves empty is [z])."""
    page = path.read_text(encoding="utf-8")
    for table in re.findall(r"<table>(.*?)</table>", page, re.DOTALL):
        caption = html.unescape(re.search(r"<caption[^>]*>([^<]+)</caption>", table)[1])
        heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', table)
        cells = re.findall(
            r"<t[dh][^>]*>(?:<data[^>]*>)?([^<]*)(?:</data>)?</t[dh]>", table.split("</thead>")[1]
        )
        yield caption, heads, [html.unescape(cell) or "[z]" for cell in cells]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@pytest.mark.parametrize("name", ["national", "forces/kent", "forces/gwent"])
def test_a_workbook_holds_the_tables_of_its_page(folder, name, kind):
    book = CalamineWorkbook.from_path(str(folder / "2023" / f"{name}.{kind}"))
    tables = list(tables_of(folder / "2023" / f"{name}.html"))
    assert book.sheet_names == ["Cover", "Notes", *(caption.split(":")[0] for caption, _, _ in tables)]
    for (caption, heads, on_page), sheet in zip(tables, book.sheet_names[2:], strict=True):
        title, _, headings, *rows = book.get_sheet_by_name(sheet).to_python()
        assert title[0] == caption
        assert [head for head in headings if head][-len(heads) :] == heads
        cells = [cell for row in rows for cell in row]
        assert "" not in cells, sheet
        # a group's heading is said once on the page, and in each of its rows here
        in_book = [cell for cell in cells if isinstance(cell, float) or cell[0] == "["]
        numbers = [as_number(cell) for cell in on_page if re.match(r"[\d\[][\d,.]*%?($|[czux]])", cell)]
        assert in_book == numbers, sheet


def test_a_csv_holds_a_table_and_its_metadata_says_what_every_column_is(folder):
    made = folder / "2023" / "forces" / "kent"
    described = json.loads((made / "csv-metadata.json").read_text(encoding="utf-8"))
    assert described["@context"][0] == "http://www.w3.org/ns/csvw"
    tables = list(tables_of(made.with_suffix(".html")))
    assert [table["url"] for table in described["tables"]] == [
        f"table-{n}.csv" for n in range(1, len(tables) + 1)
    ]
    assert {path.name for path in made.iterdir()} == {"csv-metadata.json"} | {
        table["url"] for table in described["tables"]
    }
    whole, share = re.compile(r"\d+"), re.compile(r"\d+(\.\d)?")
    for (caption, _, on_page), table in zip(tables, described["tables"], strict=True):
        assert table["dc:title"] == caption
        with (made / table["url"]).open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        columns = table["tableSchema"]["columns"]
        assert [column["titles"] for column in columns] == heads
        names = [column["name"] for column in columns]
        assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
        keys = [names.index(name) for name in table["tableSchema"]["primaryKey"]]
        assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)
        for row in rows:
            for column, cell in zip(columns, row, strict=True):
                pattern = {"string": re.compile(".+"), "integer": whole, "decimal": share}[column["datatype"]]
                assert pattern.fullmatch(cell) or cell in described["null"], (caption, column)
        in_csv = [
            cell
            for row in rows
            for cell, column in zip(row, columns, strict=True)
            if column["datatype"] != "string"
        ]
        numbers = [
            cell.replace(",", "").rstrip("%")
            for cell in on_page
            if re.match(r"[\d\[][\d,.]*%?($|[czux]])", cell)
        ]
        assert in_csv == numbers, caption


def test_a_workbook_has_no_formula_and_hides_nothing(folder):
    for kind in ("xlsx", "ods"):
        with zipfile.ZipFile(folder / "2023" / f"national.{kind}") as book:
            parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
        assert any("Table_1" in part for part in parts.values())
        assert not [
            name
            for name, part in parts.items()
            if re.search(
                r"<f[ >]|formula|hidden=|state=.(very)?[hH]idden|visibility|table:display=|fo:color|table:macro|<script",
                part,
            )
        ]


def test_a_machine_without_pango_is_told_and_has_all_else(home, tmp_path, monkeypatch):
    def absent():
        return "no PDF was written: no Pango"

    monkeypatch.setattr(reports.pdf, "problem", absent)
    answer = command(home, "2023-Q2", "--place", "kent", "--into", str(tmp_path), "--pdf")
    assert answer.exit_code == 1
    assert answer.stderr == "no PDF was written: no Pango\n"
    assert (tmp_path / "forces" / "kent.ods").exists()
    assert "PDF" not in (tmp_path / "forces" / "kent.html").read_text(encoding="utf-8")


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
    list(reports.prepare(home, "2023", "kent", into=tmp_path).write())
    made = [path for path in tmp_path.rglob("*.*") if path.is_file()]
    assert {path.suffix for path in made} == {".html", ".xlsx", ".ods", ".csv", ".json"}
    for path in made:
        assert (folder / "2023" / path.relative_to(tmp_path)).read_bytes() == path.read_bytes()


def command(home, *words):
    return CliRunner().invoke(cpai, ["--home", str(home.root), "report", *words])


def test_the_command_writes_one_place(home, tmp_path):
    answer = command(home, "2023-Q2", "--place", "kent", "--into", str(tmp_path / "kent"), "--json")
    assert json.loads(answer.stdout)["reports"] == ["forces/kent.html"]
    assert sorted(path.name for path in (tmp_path / "kent" / "forces").glob("*.*")) == [
        "kent.html",
        "kent.ods",
        "kent.xlsx",
    ]


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
