"""What has to stand by a number: that it lies outside its interval, and that it is a share of very few."""

import re
from dataclasses import replace

import pytest

from orchestration.releases import reports
from orchestration.releases.reports import pdf, sheets
from orchestration.releases.reports.page import Page
from orchestration.releases.reports.printed import Report

pytestmark = pytest.mark.xdist_group("reports")
CSE = "Group-based crimes by criterion"


def report(home, change_interval=None, denominator=None, place="England and Wales", period="2023") -> Report:
    """A report whose intervals, or the base of whose figures, were changed."""
    prepared = reports.prepare(home, period, place)
    numbers = prepared.numbers
    if change_interval:
        intervals = [row | change_interval(row) for row in numbers.evidence["intervals"]]
        numbers = replace(numbers, evidence=numbers.evidence | {"intervals": intervals})
    if denominator:
        figures = {
            key: figure._replace(denominator=denominator) if figure.denominator else figure
            for key, figure in numbers.figures.items()
        }
        numbers = replace(numbers, figures=figures)
    return Report(numbers, prepared.wanted[0], prepared.places, prepared.head)


def page_of(made: Report) -> str:
    return reports.environment().get_template("report.html").render(
        head=made.head, root="", to_releases=None, report=made, with_pdf=False
    )  # fmt: skip


def beyond(row: dict) -> dict:
    if row["figure_id"] == "criterion.cse":
        return {"low": row["high"] + 1_000_000, "high": row["high"] + 2_000_000}
    return {"low": 0, "high": 0} if row["figure_id"] == "criterion.other" else {}


def test_a_number_outside_its_interval_has_a_word_beside_it_wherever_it_is_printed(home):
    made = report(home, beyond)
    html = page_of(made)
    of_cse = re.findall(
        r'<data[^>]*data-figure="criterion.cse"[^>]*data-place="England and Wales"[^>]*data-period="2023"'
        r'[^>]*data-of="(numerator|percent)">[^<]*</data>(<span class="outside">[^<]*</span>)?',
        html,
    )
    # in its split, in the table of intervals, and beside what the publication prints
    assert len(of_cse) >= 4
    assert {beside for _, beside in of_cse} == {'<span class="outside">, below its interval</span>'}
    assert ", above its interval" in html
    # on the picture, in the notes of the table, and so in workbooks and CSV
    assert re.search(r"Child sexual exploitation: <tspan[^>]*>\d+%</tspan>, below its interval</text>", html)
    (sheet,) = (sheet for sheet in sheets.of(made) if sheet.caption == CSE)
    assert "A number below or above its interval" in sheet.about
    assert Page(html).unexplained == []


def test_a_number_inside_its_interval_has_none(home):
    assert "its interval</span>" not in page_of(report(home))


def test_a_share_of_very_few_says_so_and_is_no_bar(home):
    few = report(home, denominator=2, place="kent", period="2023-Q1")
    html = page_of(few)
    split = few.split(CSE, "crime", "criterion")
    assert split.bars == [] and any("Small base" in note for note in split.notes)
    shares = re.findall(r'data-of="percent">\d+%</data>(<span class="outside">, small base</span>)?', html)
    assert len(shares) > 20 and "" not in shares
    enough = report(home, denominator=200, place="kent", period="2023-Q1")
    assert "small base</span>" not in page_of(enough)
    assert len(enough.split(CSE, "crime", "criterion").bars) > 3


def test_a_bar_of_a_number_stands_in_no_whole(home):
    html = page_of(report(home))
    of_numbers, of_shares = (
        next(one for one in re.findall(r"<svg.*?</svg>", html, re.DOTALL) if words in one)
        for words in ("Number of group-based crimes by quarter", f"Bar chart: {CSE}")
    )
    assert 'class="full"' not in of_numbers and 'class="number"' in of_numbers
    assert of_shares.count('class="full"') == of_shares.count("<text") > 1


@pytest.mark.proof
def test_a_total_is_printed_once_however_many_pages_its_table_goes_over(home):
    import weasyprint

    html = page_of(report(home))
    table = next(
        one for one in re.findall(r"<table>.*?</table>", html, re.DOTALL) if "crimes by force<" in one
    )
    row = re.search(r"<tr><th scope=\"row\">.*?</tr>", table)[0]
    total = re.search(r"<tfoot>.*?<data[^>]*>([\d,]+)</data>", table, re.DOTALL)[1]
    long = table.replace("<tbody>", "<tbody>" + 90 * row, 1).replace(f">{total}<", ">7,654,321<")
    page = re.sub(r"<main.*?</main>", lambda _: f"<main>{long}</main>", html, flags=re.DOTALL)
    pages = weasyprint.HTML(string=pdf.on_paper(page)).render().pages
    said = [
        [box.text for box in one._page_box.descendants() if hasattr(box, "text")].count("7,654,321")
        for one in pages
    ]
    assert len(pages) > 1 and sum(said) == 1
