"""Each figure has its evidence, each number that is a figure leads to it, and there it is the same number."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import duckdb
import pytest
from some import some

from orchestration.in_print import count, percent
from orchestration.releases.pages import evidence

pytestmark = pytest.mark.xdist_group("year")
# pages of a release that print figures
PRINTING = ("index.html", "report/replication_2023.html")


@pytest.fixture(scope="module")
def release(year):
    return (year.home.releases / "current").resolve()


@pytest.fixture(scope="module")
def figures(release):
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        cursor = marts.execute("select * from figures")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class Numbers(HTMLParser):
    """Of a page of evidence: by anchor and figure id the cell; `base` by anchor; every id there is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids, self.cells, self.base = set(), {}, {}
        self._columns, self._row, self._in_numbers, self._in_head = [], None, False, False
        self.feed(html)
        self._end_row()

    def handle_starttag(self, tag, attributes):
        of = dict(attributes)
        if "id" in of:
            self.ids.add(of["id"])
        if tag == "table":
            self._in_numbers = of.get("id") == "numbers"
        if not self._in_numbers:
            return
        if tag in ("thead", "tbody"):
            self._in_head = tag == "thead"
        elif tag == "tr":
            self._end_row()
            self._row = None if self._in_head else (of["id"], [])
        elif tag == "th" and self._in_head:
            self._columns.append("")
        elif tag == "a" and self._in_head:
            self._columns[-1] = of["href"].removeprefix("#")
        elif tag in ("th", "td") and self._row:
            self._row[1].append("")

    def handle_data(self, data):
        if self._row and self._row[1]:
            self._row[1][-1] += data.strip()
        elif self._in_head and self._in_numbers and self._columns and not self._columns[-1]:
            self._columns[-1] = data

    def handle_endtag(self, tag):
        if tag == "table":
            self._end_row()
            self._in_numbers, self._row = False, None

    def _end_row(self):
        if self._row:
            anchor, cells = self._row
            row = dict(zip(self._columns, cells, strict=True))
            self.base[anchor] = row.get("Base", "")
            self.cells |= {(anchor, name): text for name, text in row.items()}
            self._row = None


@pytest.fixture(scope="module")
def pages(release) -> dict[str, Numbers]:
    """By path in the release."""
    return {
        path.relative_to(release).as_posix(): Numbers(path.read_text(encoding="utf-8"))
        for path in (release / "evidence").glob("*.html")
    }


def printed(figure: dict) -> str:
    """A figure's cell, where the base of its row is its own."""
    if figure["numerator"] is None:
        return "[u]"
    share = figure["percent"]
    words = "" if share is None else f" ({percent(share, figure['percent_rounding'])})"
    return f"{count(figure['numerator'])}{words}"


def test_every_figure_has_its_page_and_every_number_stands_there(figures, pages):
    assert len({figure["figure_id"] for figure in figures}) > 600
    for figure in figures:
        page = pages[evidence.page_of(figure)]
        row = evidence.anchor(figure["place"], figure["period"])
        assert {row, figure["figure_id"]} <= page.ids
        assert page.cells[row, figure["figure_id"]] == printed(figure), figure
        if figure["denominator"] is not None:
            assert page.base[row] == count(figure["denominator"]), figure


def test_the_list_of_figures_leads_to_each(release, figures, pages):
    html = (release / "evidence" / "index.html").read_text(encoding="utf-8")
    leads = dict.fromkeys(re.findall(r'<th scope="row"><a href="([^"#]+)#([^"]+)"', html))
    assert {name for _, name in leads} == {figure["figure_id"] for figure in figures}
    assert all(name in pages[f"evidence/{path}"].ids for path, name in leads)


@pytest.mark.parametrize("path", PRINTING)
def test_each_number_that_is_a_figure_leads_to_the_same_number(release, pages, path):
    html = (release / path).read_text(encoding="utf-8")
    links = some(re.findall(r'<a class="evident" href="(?:\.\./)?([^"#]+)#([^"]+)">([^<]+)</a>', html))
    assert len(links) > 10
    for target, row, text in links:
        page = pages[unquote(target)]
        here = [cell for (anchor, _), cell in page.cells.items() if anchor == row]
        numbers = {part.strip("()") for cell in [*here, page.base[row]] for part in cell.split()}
        assert text in numbers, (path, target, row, text)


def test_numbers_of_a_report_lead_to_the_release_beside_it_and_from_elsewhere_nowhere(year, pages, tmp_path):
    assert year.cpai("report", "2023", "--place", "kent").exit_code == 0
    report = year.home.root / "reports" / "2023.r1" / "2023" / "forces" / "kent.html"
    html = report.read_text(encoding="utf-8")
    links = some(
        re.findall(
            r'<a href="([^"#]+)#([^"]+)" class="evident"><data value="[^"]*" data-figure="([^"]+)"'
            r'[^>]*data-of="([a-z]+)">([^<]+)</data>',
            html,
        )
    )
    assert len(links) > 100
    release = year.home.releases / "2023.r1"
    for target, row, figure, of, text in links:
        file = (report.parent / target).resolve()
        page = pages[file.relative_to(release.resolve()).as_posix()]
        if of == "denominator":
            assert page.base[row] == text, (figure, row)
        else:
            cell = page.cells[row, figure].replace("(", "").replace(")", "").split()
            assert text in ("[z]", *cell), (figure, row, text)
    # a chart's numbers, signs of figures that are not given and evidence tables lead nowhere
    assert html.count('class="evident"') == len(links)
    year.json("report", "2023", "--place", "kent", "--into", str(tmp_path / "sent"))
    sent = (tmp_path / "sent" / "forces" / "kent.html").read_text(encoding="utf-8")
    assert "data-figure" in sent and 'evident"' not in sent and "evidence/" not in sent


def test_no_count_of_the_front_page_stands_without_its_evidence(release):
    html = (release / "index.html").read_text(encoding="utf-8")
    headlines = html.partition("Headline figures")[2].partition("</table>")[0]
    cells = some(re.findall(r'<td class="number"[^>]*>(.*?)</td>', headlines))
    assert all(not cell or cell.startswith('<a class="evident"') for cell in cells)


def test_the_public_tier_leads_to_no_exact_number(year, release):
    """It stands alone wherever it is put; pages of evidence are restricted."""
    for folder in (release / "public", year.home.root / "reports"):
        for page in folder.rglob("*-public/**/*") if folder.name == "reports" else folder.rglob("*"):
            if page.suffix in (".html", ".json", ".csv"):
                assert "evidence/" not in page.read_text(encoding="utf-8"), page
    page = (release / "evidence" / "cocad.all.crime.total.html").read_text(encoding="utf-8")
    assert "Restricted: record-level tables" in page


def test_the_steps_of_figures_are_drawn_and_each_has_its_sql(release):
    html = (release / "evidence" / "steps.html").read_text(encoding="utf-8")
    boxes = some(re.findall(r'<a href="\.\./(lineage/[a-z_]+\.html)#([a-z_0-9]+)"><rect', html))
    listed = re.findall(r'<li><a href="\.\./(lineage/[a-z_]+\.html)#([a-z_0-9]+)">', html)
    assert sorted(boxes) == sorted(listed) and ("lineage/marts.html", "figures") in boxes
    assert ("lineage/staging.html", "stg_crimes") in boxes and ("lineage/cocad.html", "cocad_crimes") in boxes
    for path, model in boxes:
        page = (release / path).read_text(encoding="utf-8")
        section = page.partition(f'<h2 id="{model}">')[2].partition("<h2")[0]
        assert re.search("<summary>(SQL|Source) of ", section) and "select" in section, model
        assert "{{" not in section, f"{model}: as written, and not as it ran"
