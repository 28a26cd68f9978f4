"""What stands on the pages of the synthetic year: no number as a computer holds it, nothing of what was not collected yet."""

import html
import re
import zipfile

import duckdb
import pytest
from some import some

from orchestration.releases import views

pytestmark = pytest.mark.xdist_group("year")
RAW = re.compile(r"(?<![\w.])\d+\.\d{5,}(?![\w.])|(?<![\w.])\d(\.\d+)?e-\d+(?!\w)")


@pytest.fixture(scope="module")
def release(year):
    return (year.home.releases / "current").resolve()


def test_no_file_that_people_open_has_a_raw_number(year, release):
    places = [
        year.home.releases / "index.html",
        release,
        year.home.root / "packs",
        year.home.root / "reports",
    ]
    files = [
        path
        for place in places
        for path in ([place] if place.is_file() else place.rglob("*"))
        if path.suffix in (".html", ".csv", ".xlsx", ".ods")
    ]
    assert len(files) > 50
    found = {}
    for path in files:
        if path.suffix in (".xlsx", ".ods"):
            with zipfile.ZipFile(path) as book:
                # a cell's value is a number as a computer holds it; its text is what people see
                part, tag = (
                    ("content.xml", "text:p") if path.suffix == ".ods" else ("xl/sharedStrings.xml", "t")
                )
                text = " ".join(re.findall(rf"<{tag}\b[^>]*>([^<]*)</{tag}>", book.read(part).decode()))
        else:
            text = re.sub(
                r"<(style|script|pre)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
            )
        if raw := [one[0] for one in RAW.finditer(text)]:
            found[path.name] = raw[:3]
    assert found == {}


def test_nothing_is_said_of_what_was_not_collected_yet(release):
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        asked = marts.execute(
            "select quarter, bool_or(is_collected), count(known), count(percent), count(trend) "
            "from quality.field_completeness where field = 'children_flag' group by quarter order by quarter"
        ).fetchall()
    assert asked[0] == ("2023-Q1", False, 0, 0, 0)
    # nothing went up in the first quarter in which it was asked
    assert asked[1][:2] == ("2023-Q2", True) and asked[1][2] > 0 and asked[1][4] == 0
    page = (release / "quality" / "profiles" / "kent.html").read_text(encoding="utf-8")
    row = re.search(r">children flag</th>(.*?)</tr>", page, re.DOTALL)[1]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row)[0] == "not collected"


def test_a_gate_that_is_open_has_nothing_red(release):
    page = (release / "quality" / "index.html").read_text(encoding="utf-8")
    checks = page.partition("<h2>Verdicts</h2>")[2].partition("</dl>")
    assert 'class="state bad">blocks<' in checks[0]
    rest = checks[2].partition("<h2>Waivers</h2>")[0]
    assert "exceeds tolerance: reported" in rest and "state bad" not in rest and "failed<" not in rest


def test_what_is_most_unusual_comes_first(release):
    page = (release / "quality" / "index.html").read_text(encoding="utf-8")
    table = page.partition("most unusual for the force first</caption>")[2].partition("</table>")[0]
    unusual = [
        float(one.replace("\u2212", "-")) for one in re.findall(r'data-head="Unusual">([^<]+)<', table)
    ]
    assert len(unusual) > 3 and unusual == sorted(unusual, reverse=True)
    assert set(re.findall(r'href="(profiles/[a-z-]+\.html)#rules"', table))


def test_the_dictionary_has_the_key_of_each_view_that_is_wide_and_no_two_rows_share_it(release):
    """Regression: the views became dbt models, and the keys of all fifteen were gone from the page."""
    page = (release / "dictionary.html").read_text(encoding="utf-8")
    wide = {row["wide_view"] for row in views.wide_views()}
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        names = [
            name
            for (name,) in marts.execute("select view_name from duckdb_views() where not internal").fetchall()
        ]
        wide |= {name for name in names if name.startswith("by_")}
        assert len(wide) >= 15
        for name in some(sorted(wide)):
            about = page.partition(f'<h3 id="marts.{name}">')[2].partition("</details>")[0]
            (key,) = re.findall(r"Key: <code>([^<]+)</code>", about)
            twice = f'select {key} from "{name}" group by all having count(*) > 1'
            assert marts.execute(twice).fetchall() == [], name


def test_every_query_of_the_dictionary_runs_and_every_table_says_what_it_is_made_from(release):
    page = (release / "dictionary.html").read_text(encoding="utf-8")
    queries = [html.unescape(query) for query in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    names = re.findall(r'<summary><h3 id="([^"]+)">', page)
    assert len(queries) == len(names) > 50
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        for query in queries:
            marts.execute(query).fetchall()
        there = marts.execute(
            "select count(*) from duckdb_columns() where not internal and schema_name in ('main', 'quality')"
        ).fetchone()
    assert there[0] > 500
    figures = page.partition('<h3 id="marts.figures">')[2].partition("</details>")[0]
    assert "cocad.cocad_crimes" in figures and "Behind it: staging" in figures
