"""Reports of a small release: no number that is not a figure's, symbols for what there is not, the command."""

import csv
import html
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile

import duckdb
import pytest
from click.testing import CliRunner
from lineage_events import read_back
from python_calamine import CalamineWorkbook
from sheets import tables as by_headings
from some import some

from orchestration import clock
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger import evidence
from orchestration.ledger.opening import ledger_of, open_ledger
from orchestration.releases import reports
from orchestration.releases.disclosure.audit import NotSafe
from orchestration.releases.package import file_hash
from orchestration.releases.reports.page import Page
from orchestration.releases.reports.printed import Table
from orchestration.releases.reports.sheets import NOT_APPLICABLE, Sheet, _sheet
from orchestration.stopping import NotThere
from tests.reports.conftest import MANIFEST, put_into_the_ledger, seed

pytestmark = pytest.mark.xdist_group("reports")  # one worker writes them once


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


def events_of(folder) -> dict[str, dict]:
    lines = (folder / "lineage.ndjson").read_text(encoding="utf-8").splitlines()
    return {event["job"]["name"]: event for event in map(read_back, some(lines))}


def page_of(path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def all_pages(folder):
    return [path for path in sorted(folder.rglob("*.html")) if path.name != "index.html"]


def test_every_number_on_every_page_is_the_figure_that_it_names(home, folder):
    figures = published(home)
    for path in some(all_pages(folder)):
        page = page_of(path)
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


def test_the_intervals_of_the_criteria_are_the_releases(home, folder):
    with duckdb.connect(str(home.releases / "2023.r1" / "marts.duckdb"), read_only=True) as marts:
        measured = marts.execute(
            "select place, period, error, numerator, numerator + 2, low, high, percent_low, percent_high from figure_intervals "
            "inner join figures using (figure_id, scheme, place, period) "
            "where criterion not like 'committed%' and not (place = 'kent' and period <> '2023' and unit <> 'crime') "
            "order by error, list_position(['crime', 'victim', 'suspect'], unit), breakdown <> 'total', "
            "list_position($order, if(breakdown = 'total', criterion, category)) nulls first",
            {"order": [row["criterion"] for row in seed("criteria.csv") if row["scheme"] == "2023"]},
        ).fetchall()
    for page, place in (
        ("national", "England and Wales"),
        ("regions/wales", "Wales"),
        ("forces/kent", "kent"),
    ):
        for period in ("2023", "2023-Q1"):
            rows = [
                [f"{count:,}" for count in row[3:7]]
                + [f"{end:.1f}%" if end is not None else "[z]" for end in row[7:]]
                for row in measured
                if row[:2] == (place, period)
            ]
            assert len(rows) == {("kent", "2023-Q1"): 7}.get(
                (place, period), 22 if page == "national" else 21
            )
            (shown,) = (
                cells
                for caption, _, cells in tables_of(folder / period / f"{page}.html")
                if "misreading" in caption
            )
            numbers = [cell for cell in shown if re.match(r"[\d\[]", cell)]
            assert numbers == [cell for row in rows for cell in row], (page, period)


def test_of_a_withheld_figure_there_is_no_interval(folder):
    (shown,) = (
        cells
        for caption, _, cells in tables_of(folder / "2023" / "forces" / "surrey.html")
        if "misreading" in caption
    )
    cse = shown.index("Child sexual exploitation")
    assert shown[cse + 1 : cse + 7] == ["[u]"] * 6


def test_no_digit_stands_outside_a_number_that_says_where_it_is_from(folder):
    pages = all_pages(folder)
    assert len(pages) == 16
    assert {path.name: page_of(path).unexplained for path in pages} == {path.name: [] for path in pages}


def test_a_number_typed_into_a_page_would_be_found(folder, tmp_path):
    page = (folder / "2023" / "national.html").read_text(encoding="utf-8")
    typed = tmp_path / "typed.html"
    typed.write_text(page.replace("At a glance", "At a glance: 4,228 crimes"), encoding="utf-8")
    assert page_of(typed).unexplained == ["At a glance: 4,228 crimes"]


def test_what_is_printed_is_listed_with_its_page(folder):
    with (folder / "2023" / "printed.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    on_page = page_of(folder / "2023" / "forces" / "kent.html").numbers
    of_kent = [row["shown"] for row in listed if row["page"] == "forces/kent.html"]
    # a bar without a number is not drawn, and nothing else is left out
    assert sorted(of_kent) == sorted(text for _, text in on_page)


def texts(path, figure_id, of="numerator", place=None):
    return {
        text
        for source, text in page_of(path).numbers
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
    printed = {source.get("data-figure") for source, _ in page_of(folder / "2023" / "national.html").numbers}
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
        # a group's heading stands once on the page, and in each of its rows here
        in_book = [cell for cell in cells if isinstance(cell, float) or cell[0] == "["]
        numbers = [as_number(cell) for cell in on_page if re.match(r"[\d\[][\d,.]*%?($|[czux]])", cell)]
        assert in_book == numbers, sheet
    by_heading = by_headings(
        folder / "2023" / f"{name}.{kind}", lambda sheet: {"Cover": None, "Notes": 1}.get(sheet, 2)
    )
    assert list(by_heading) == book.sheet_names[1:] and all(by_heading.values())


def test_a_row_of_another_width_than_its_headings_is_no_table():
    heads = ["Category", "Crimes"]
    assert Sheet(1, "", [], heads, [["All", "1"]]).rows
    for row in (["All"], ["All", "1", "2"]):
        with pytest.raises(ValueError, match=f"table 1: {len(row)} cells under 2 headings"):
            Sheet(1, "", [], heads, [["All", "1"], row])


def test_a_total_below_groups_stands_under_its_headings():
    groups = [("Girls", [("under 13", ["1", "2"])])]
    sheet = _sheet(Table(1, "", ["Crimes", "Victims"], groups, ("All", ["3"]), "", [], [], ""))
    assert sheet.heads == ["Of", "Category", "Crimes", "Victims"]
    assert sheet.rows == [["Girls", "under 13", "1", "2"], ["All", "All", "3", NOT_APPLICABLE]]


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
    assert answer.stderr.endswith("\nno PDF was written: no Pango\n")
    assert (tmp_path / "forces" / "kent.ods").exists()
    assert "PDF" not in (tmp_path / "forces" / "kent.html").read_text(encoding="utf-8")


def test_on_paper_stand_all_words_of_the_page_but_what_leads_elsewhere(folder):
    def words(html: str) -> list[str]:
        html = re.sub(
            r'<nav.*?</nav>|<p class="files">.*?</p>|</?(data|tspan)[^>]*>', "", html, flags=re.DOTALL
        )
        return sorted(re.sub(r"<[^>]*>", " ", html).split())

    for path in some(all_pages(folder)):
        page = path.read_text(encoding="utf-8")
        paper = reports.pdf.on_paper(page)
        assert words(paper) == words(page), path.name
        # the names of bars, and no bar without its name
        assert paper.count("<p>") - page.count("<p>") == page.count("<text")
        assert "<text" not in paper


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


def test_the_same_release_gives_the_same_pages(home, folder):
    made = {path: path.read_bytes() for path in (folder / "2023" / "forces").rglob("kent*") if path.is_file()}
    made |= {path: path.read_bytes() for path in (folder / "2023" / "forces" / "kent").iterdir()}
    assert {path.suffix for path in made} == {".html", ".xlsx", ".ods", ".csv", ".json"}
    for path in made:
        path.unlink()
    list(reports.prepare(home, "2023", "kent").write())
    for path, content in made.items():
        assert path.read_bytes() == content


def test_each_report_has_an_event_of_lineage_and_no_file_is_without(home, folder):
    events = events_of(folder / "2023")
    assert len(events) == 9 and {"report.kent", "report.Wales", "report.England and Wales"} < set(events)
    outputs = {one["name"]: one for event in events.values() for one in event["outputs"]}
    files = {path for path in (folder / "2023").rglob("*") if path.is_file()}
    assert set(outputs) == {
        f"reports/{path.relative_to(folder.parent).as_posix()}"
        for path in files
        if path.name != "lineage.ndjson"
    }
    for name, one in some(outputs.items()):
        assert one["facets"]["version"]["datasetVersion"] == file_hash(home.root / name)
    kent = events["report.kent"]
    assert {"reports/2023.r1/2023/forces/kent.html", "reports/2023.r1/2023/forces/kent/table-1.csv"} < {
        one["name"] for one in kent["outputs"]
    }
    inputs = {one["name"]: one["facets"]["version"]["datasetVersion"] for one in kent["inputs"]}
    assert set(inputs.values()) == {MANIFEST["fingerprint"]}
    assert {
        f"releases/2023.r1/{table}"
        for table in ("marts.figures", "marts.dim_force", "quality.returns", "marts.replication_2023")
    } < set(inputs)
    nominal = events_of(folder / "2023-Q1")["report.kent"]["run"]["facets"]["nominalTime"]
    assert nominal["nominalEndTime"] == "2023-04-01T00:00:00Z"


def test_a_report_written_again_is_another_run_and_the_others_stand(home, folder):
    before = events_of(folder / "2023-Q1")
    with clock.standing_at("2024-03-04T05:06:07+00:00"):
        command(home, "2023-Q1", "--place", "kent")
    after = events_of(folder / "2023-Q1")
    assert {job for job in before if before[job] != after[job]} == {"report.kent"} and set(before) == set(
        after
    )
    assert after["report.kent"]["eventTime"] == "2024-03-04T05:06:07+00:00"
    assert after["report.kent"]["run"]["runId"] != before["report.kent"]["run"]["runId"]


def test_the_lineage_of_reports_is_among_what_evidence_rests_on(home, folder):
    file = folder / "2023-Q1" / "lineage.ndjson"
    kept = file.read_bytes()
    file.write_bytes(kept + b"{}\n")
    try:
        with ledger_of(home) as engine:
            found = evidence.problems(engine, home)
        assert [one for one in found if "lineage.ndjson" in one] == [
            "reports/2023.r1/2023-Q1/lineage.ndjson is not as it was written; restore it from a backup, or have its "
            "command write it again"
        ]
    finally:
        file.write_bytes(kept)


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
    assert nowhere.exit_code == 2
    assert "there is no place 'Narnia' in this release; name a force (kent), a region" in nowhere.stderr
    later = command(home, "2024-Q1")
    assert later.exit_code == 2
    assert "the release has no 2024-Q1: it has 2023-Q1" in later.stderr
    assert command(home, "2023", "--release", "2023.r9").exit_code == 2
    assert command(home, "soon").exit_code == 2


def test_every_number_of_the_publication_stands_in_the_annual_report_or_in_the_errata(folder):
    page = (folder / "2023" / "national.html").read_text(encoding="utf-8")
    before, appendix = page.split('<h2 id="replication">')
    shown = {(source["data-of"], text) for source, text in Page(before).numbers if "data-figure" in source}
    lines = re.findall(r'<tr><th scope="row">(<data.*)</tr>', appendix)
    printed = seed("published_2023.csv")
    assert len(lines) == len(printed)
    for line, row in zip(
        lines, sorted(printed, key=lambda row: (int(row["page"]), row["figure_id"])), strict=True
    ):
        _, *cells = (text for _, text in Page(line).numbers)
        percent = row["printed_percent"] and f"{float(row['printed_percent']):g}%"
        theirs = [
            row["numerator"] and f"{int(row['numerator']):,}",
            row["denominator"] and f"{int(row['denominator']):,}",
            percent,
        ]
        assert cells[:3] == [text or "[z]" for text in theirs]
        assert cells[6] == "the text" or re.fullmatch(r"Table \d+", cells[6]), row["figure_id"]
        # not only in the appendix: each of ours is a number of the report itself
        for of, text, ours in zip(("numerator", "denominator", "percent"), theirs, cells[3:6], strict=True):
            assert (
                not text or (of, ours) in shown or (of == "denominator" and ("numerator", ours) in shown)
            ), row
            assert not text or ours == text or "erratum" in cells[7], row
    errata = [row for row in printed if row["printed_agrees"] == "no"]
    assert appendix.split("</ul>")[0].count("<li>") == len(errata)


def test_the_front_door_lists_what_has_been_written_and_every_link_leads_somewhere(home, folder):
    command(home, "2023-Q2", "--place", "kent")
    door = reports.front_door.of(home, "2023.r1")
    page = door.read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', page)
    assert {"2023/index.html", "2023-Q1/index.html", "2023-Q2/forces/kent.html"} <= set(links)
    assert "../../releases/2023.r1/manifest.json" in links
    assert [link for link in links if not (door.parent / link).exists()] == []
    assert 'href="../index.html"' in (folder / "2023" / "index.html").read_text(encoding="utf-8")


def test_before_any_report_the_front_door_says_how_to_write_them(home, tmp_path):
    shutil.copytree(home.releases / "2023.r1", tmp_path / "releases" / "2023.r1")
    head = json.loads((home.releases / "2023.r1" / "manifest.json").read_text(encoding="utf-8"))
    assert "cpai report 2023" in reports.front_door.write(Home(tmp_path), head).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def public_tier(home):
    """What the public tier of the small release prints: small counts and their shares hidden, a force's suspects not
    shown."""
    folder = home.releases / "2023.r1"
    (folder / "public").mkdir()
    path = folder / "public" / "figures.csv"
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as marts:
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
            [str(path)],
        )
    put_into_the_ledger(home, MANIFEST)
    yield path
    shutil.rmtree(path.parent)
    put_into_the_ledger(home, MANIFEST)


@pytest.fixture(scope="module")
def public_folder(home, public_tier):
    folder = home.root / "reports" / "2023.r1" / "2023-Q3-public"

    list(reports.prepare(home, "2023-Q3", public=True).write())
    return folder


def test_public_reports_print_what_the_public_tier_shows_and_nothing_else(public_tier, public_folder):
    with public_tier.open(newline="", encoding="utf-8") as file:
        shown = {(row["figure_id"], row["place"], row["period"]): row for row in csv.DictReader(file)}
    signs = set()
    for path in all_pages(public_folder):
        for source, text in page_of(path).numbers:
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
    # Kent has hidden counts among its criteria: which is the largest would give something away
    kent = (public_folder / "forces" / "kent.html").read_text(encoding="utf-8")
    assert "Public: what could be about a person" in kent
    assert "Restricted" not in kent
    assert "The largest criterion" not in kent
    assert "The largest criterion" in (public_folder / "national.html").read_text(encoding="utf-8")


def test_public_reports_are_read_back_file_by_file(home, public_tier, public_folder):
    result = json.loads((public_folder / "audit.json").read_text(encoding="utf-8"))
    assert result["public_tier_sha256"] == file_hash(public_tier)
    assert result["numbers"] > 5000
    there = {
        path.relative_to(public_folder).as_posix() for path in public_folder.rglob("*") if path.is_file()
    }
    # what is made of those files, after they are read
    assert set(result["files"]) == there - {"audit.json", "lineage.ndjson"}


def test_the_lineage_of_public_reports_leads_to_the_public_tier_and_is_kept(home, public_tier, public_folder):
    before = events_of(public_folder)
    kent = before["report.public.kent"]
    inputs = {one["name"] for one in kent["inputs"]}
    assert "releases/2023.r1/public/figures.csv" in inputs and "releases/2023.r1/marts.figures" not in inputs
    list(reports.prepare(home, "2023-Q3", "gwent", public=True).write())
    after = events_of(public_folder)
    assert {job for job in before if before[job] != after[job]} == {"report.public.gwent"}
    assert set(before) == set(after)


def test_a_number_of_the_restricted_tier_in_a_public_report_is_refused_and_what_stood_stands(
    home, public_folder
):
    before = {path: path.read_bytes() for path in public_folder.rglob("*") if path.is_file()}
    leaking = reports.prepare(home, "2023-Q3", "kent", public=True)
    restricted = reports.prepare(home, "2023-Q3", "kent").numbers.figures
    hidden = [
        key
        for key, figure in leaking.numbers.figures.items()
        if figure.numerator == "[c]" and key.place == "kent"
    ]
    planted = next(key for key in hidden if key.breakdown == "recency" and key.criterion == "all")
    leaking.numbers.figures[planted] = restricted[planted]
    with pytest.raises(NotSafe) as refused:
        list(leaking.write())
    assert refused.value.reasons == [
        "forces/kent.html prints the percent of recency.recent kent 2023-Q3 otherwise than the public tier does"
    ]
    assert before == {path: path.read_bytes() for path in public_folder.rglob("*") if path.is_file()}
    assert not list(public_folder.parent.glob(".building*"))


def in_part(path, part, old, new):
    """A file of a workbook with something else in one of its parts, or with one part more."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert part not in parts or re.search(old, parts[part])
    parts[part] = re.sub(old, new, parts.get(part, b""), count=1)
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


def in_text(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert re.search(old, text)
    path.write_text(re.sub(old, new, text, count=1), encoding="utf-8")


PLANTS = [
    (".html", in_text, ("<h2 id=.scale.>", r"<!-- 17 -->\g<0>")),
    (".html", in_text, ("At a glance", "At a glance: 17 crimes")),
    (".html", in_text, ('<p class="lead">', '<p class="lead" data-more="17">')),
    (".html", in_text, ('<p class="lead">', r"<script></script>\g<0>")),
    (".html", in_text, (r'<data value="\d+"', '<data value="17"')),
    (".html", in_text, (r'(<rect fill="#1d70b8".*width=")[\d.]+%', r"\g<1>17.0%")),
    (".html", in_text, ("quality.returns", "quality.findings")),
    ("/table-1.csv", in_text, (r",\d+", ",17")),
    ("/table-1.csv", in_text, ("Contact crimes", "Contact crimes (17)")),
    ("/csv-metadata.json", in_text, ('"dc:title": "', r"\g<0>17 crimes, ")),
    ("/more.bin", lambda path: path.write_bytes(b"17"), ()),
    (".xlsx", in_part, ("xl/worksheets/sheet3.xml", rb'( s="\d"><v>)\d+', rb"\g<1>17")),
    (".xlsx", in_part, ("xl/worksheets/sheet3.xml", rb"<v>", rb"<f>16+1</f><v>")),
    (".xlsx", in_part, ("xl/workbook.xml", b'name="Notes"', b'name="Notes" state="hidden"')),
    (".xlsx", in_part, ("xl/comments1.xml", b"^", b"<comments>17</comments>")),
    (".ods", in_part, ("content.xml", rb'office:value="\d+"', b'office:value="17"')),
    (".ods", in_part, ("content.xml", b"Calibrated to", b"17 crimes calibrated to")),
    # where nobody looks: page headers, names, properties, formats, notes on cells, the text of a cell of a value
    (
        ".xlsx",
        in_part,
        ("xl/worksheets/sheet3.xml", b"</w", b"<headerFooter><oddHeader>17</oddHeader></headerFooter></w"),
    ),
    (
        ".xlsx",
        in_part,
        ("xl/workbook.xml", b"</sheets>", rb'\g<0><definedNames><definedName name="a">17</definedName>'),
    ),
    (".xlsx", in_part, ("docProps/core.xml", b"</cp:", rb"<dc:description>17 crimes</dc:description>\g<0>")),
    (".xlsx", in_part, ("docProps/app.xml", b"<Company>", rb"\g<0>17 crimes")),
    (".xlsx", in_part, ("xl/styles.xml", b'formatCode="', rb"\g<0>&quot;17&quot;")),
    (
        ".ods",
        in_part,
        ("content.xml", b"<text:p>", rb"<office:annotation><text:p>17</text:p></office:annotation>\g<0>"),
    ),
    (".ods", in_part, ("meta.xml", b"</office:meta>", rb"<dc:description>17 crimes</dc:description>\g<0>")),
    (".ods", in_part, ("content.xml", rb'(office:value="\d+"><text:p>)\d+', rb"\g<1>17")),
]


def test_a_number_planted_in_any_file_is_found(home, public_folder, tmp_path):
    for number, (file, plant, change) in enumerate(PLANTS):
        (tmp_path / str(number) / "national").mkdir(parents=True)
        for name in {"national.html", f"national{file}"} - {"national/more.bin"}:
            shutil.copy(public_folder / name, tmp_path / str(number) / name)
        plant(tmp_path / str(number) / f"national{file}", *change)
    with pytest.raises(NotSafe) as refused:
        reports.audit.check(tmp_path, home.releases / "2023.r1")
    assert sorted(reason.split()[0] for reason in refused.value.reasons) == sorted(
        f"{number}/national{file}" for number, (file, *_) in enumerate(PLANTS)
    )
    assert "17 " not in "".join(refused.value.reasons)


def test_public_reports_are_of_the_tier_that_was_published_and_swap_nothing_else_away(
    home, public_tier, tmp_path
):
    kept = public_tier.read_bytes()
    public_tier.write_bytes(kept.replace(b"[c]", b"17", 1))
    try:
        assert "was changed after publishing" in command(home, "2023-Q3", "--public").stderr
    finally:
        public_tier.write_bytes(kept)
    (tmp_path / "mine.txt").write_text("mine")
    answer = command(home, "2023-Q3", "--public", "--into", str(tmp_path))
    assert answer.exit_code == 2 and "something else than public reports" in answer.stderr
    assert (tmp_path / "mine.txt").exists()


def test_reports_of_a_rounded_tier_say_so(home, public_tier, public_folder):
    kept = public_tier.read_bytes()
    assert not reports.prepare(home, "2023-Q3", public=True).numbers.is_rounded
    first, _, rest = kept.partition(b"\n")
    public_tier.write_bytes(first + b",rounded_to\n" + re.sub(rb"\n", b",5\n", rest))
    try:
        numbers = reports.Numbers.read(home.releases / "2023.r1", "2023-Q3", public=True)
    finally:
        public_tier.write_bytes(kept)
    report = reports.Report(numbers, reports.places.of(numbers.forces)[0], [], {"release": "2023.r1"})
    assert report.signs["0"] == "None, or rounded down to none."
    assert "Every count is rounded" in report.definitions["Rounding"]


@pytest.fixture
def errata(monkeypatch):
    """Found after the release was published: of the nation, of a force, and of figures that the public is not shown."""
    about = (
        ("scale.cpai", "", "2023-Q3", "images were counted twice", ""),
        (
            "cocad.cse.crime.total.all",
            "kent",
            "2023-Q3",
            "one crime was read under another reference",
            "2023-Q3.r2",
        ),
        ("cocad.all.suspect.total.all", "kent", "2023-Q3", "suspects of another force", ""),
        ("scale.cpai", "", "2023-Q1", "of another quarter", ""),
    )
    rows = [
        dict(figure_id=figure, place=place, period=period, reason=reason, corrected_in=corrected)
        | {"release": "2023.r1", "found_on": "2024-12-01"}
        for figure, place, period, reason, corrected in about
    ]
    said = reports.calendar.statement("2023")
    monkeypatch.setattr(reports.calendar, "statement", lambda period: said | {"errata": rows})


TWICE = (
    "CPAI crimes, England and Wales, July to September 2023: images were counted twice. "
    "Wrong in release 2023.r1, this one; found in December 2024; not corrected yet."
)
OTHER = (
    "COCAD crimes (child sexual exploitation), Kent Police, July to September 2023: one crime was read under another "
    "reference. Wrong in release 2023.r1, this one; found in December 2024; corrected in release 2023-Q3.r2."
)
SUSPECTS = "suspects of another force"


def test_an_erratum_stands_in_every_report_that_shows_its_figure_and_in_each_of_its_forms(
    home, errata, tmp_path
):
    command(home, "2023-Q3", "--into", str(tmp_path))
    said = {}
    for page, expected in (
        ("national", [TWICE, OTHER, SUSPECTS]),
        ("regions/south-east", [OTHER, SUSPECTS]),
        ("forces/kent", [OTHER, SUSPECTS]),
        ("forces/surrey", []),
    ):
        text = html.unescape((tmp_path / f"{page}.html").read_text(encoding="utf-8"))
        metadata = json.loads((tmp_path / page / "csv-metadata.json").read_text(encoding="utf-8"))
        said["html"] = re.findall(
            r"<li>(.*)</li>", text.partition('id="corrections">')[2].partition("</ul>")[0]
        )
        said["csv"] = metadata.get("schema:correction", [])
        for kind in ("xlsx", "ods"):
            notes = CalamineWorkbook.from_path(str(tmp_path / f"{page}.{kind}")).get_sheet_by_name("Notes")
            said[kind] = [row[1] for row in notes.to_python() if row[0] == "Correction"]
        for form, sentences in said.items():
            assert len(sentences) == len(expected), (page, form)
            assert all(end in one for end, one in zip(expected, sentences, strict=True)), (page, form)
        assert page_of(tmp_path / f"{page}.html").unexplained == []
        assert "of another quarter" not in text
        assert "Final: these figures change only by a correction" in text
        assert "Final: these figures" in metadata["dc:description"]


def test_the_public_is_told_of_errata_of_figures_that_it_is_shown(home, public_tier, errata, tmp_path):
    answer = command(
        home, "2023-Q3", "--public", "--place", "England and Wales", "--into", str(tmp_path / "public")
    )
    assert answer.exit_code == 0, answer.output
    page = (tmp_path / "public" / "national.html").read_text(encoding="utf-8")
    # of a count that is hidden, and of one that is not shown at all, nothing is shown
    assert TWICE in page and OTHER not in page and SUSPECTS not in page


def test_without_a_public_tier_there_are_no_public_reports(home, tmp_path):
    open_ledger(Home(tmp_path)).dispose()
    (tmp_path / "releases" / "2023.r1").mkdir(parents=True)
    shutil.copy(home.releases / "2023.r1" / "marts.duckdb", tmp_path / "releases" / "2023.r1")
    put_into_the_ledger(Home(tmp_path), MANIFEST)
    answer = command(Home(tmp_path), "2023", "--release", "2023.r1", "--public")
    assert answer.exit_code == 2 and "has no public tier" in answer.stderr


def test_whoever_is_killed_leaves_the_reports_that_were_there(home, tmp_path):
    """A process that ends at once in the middle: as by the power, or by a signal that no process hears."""
    shutil.copytree(home.root, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("reports"))
    home = Home(tmp_path / "home")
    folder = home.root / "reports" / reports.prepare(home, "2023-Q2").release.name / "2023-Q2"

    def written_until_killed() -> None:
        process = os.fork()
        if not process:
            next(reports.prepare(home, "2023-Q2").write())
            os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9

    written_until_killed()
    assert not folder.exists()
    list(reports.prepare(home, "2023-Q2").write())
    before = {path: path.stat().st_mtime_ns for path in some(folder.rglob("*"))}
    written_until_killed()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    list(reports.prepare(home, "2023-Q2", "kent").write())
    assert {path for path in folder.rglob("*")} == set(before), "one report written again leaves the others"
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("size", [1_000, 60_000])
def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(home, tmp_path, size):
    """By a limit on the size of each file, in a process of its own."""
    shutil.copytree(home.root, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("reports"))
    words = [sys.executable, "-m", "orchestration", "--home", str(tmp_path / "home"), "report", "2023-Q2"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(words, capture_output=True, text=True, timeout=300, preexec_fn=limited)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr[-2000:]
    assert done.stderr.splitlines()[-1].startswith("the disk is full"), done.stderr[-2000:]
    assert not list((tmp_path / "home").glob("reports/*/*2023-Q2"))
    assert command(Home(tmp_path / "home"), "2023-Q2", "--place", "kent").exit_code == 0


def test_reports_are_not_put_into_a_folder_of_other_things(home, tmp_path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "letter.txt").write_text("mine")
    with pytest.raises(NotThere, match="holds something else than reports: name another"):
        reports.prepare(home, "2023-Q1", into=tmp_path / "desk")
