"""What a reader of a release sees, in a real browser: every page, offline, narrow and wide."""

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("year")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# what a screen reader needs, asked of the page as the browser built it
WANTING = """() => {
    const wanting = [];
    const all = selector => [...document.querySelectorAll(selector)];
    if (!document.documentElement.lang) wanting.push('html has no lang');
    if (!document.title.trim()) wanting.push('no title');
    if (all('h1').length !== 1) wanting.push(all('h1').length + ' h1');
    if (all('main').length !== 1) wanting.push(all('main').length + ' main');
    const levels = all('h1,h2,h3,h4').map(heading => Number(heading.tagName[1]));
    levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) wanting.push('heading level skipped'); });
    all('table').forEach(table => {
        if (!table.caption || !table.caption.textContent.trim()) wanting.push('table without caption');
        if (!table.querySelector('th')) wanting.push('table without header cells');
    });
    all('th').forEach(cell => { if (!cell.scope) wanting.push('th without scope'); });
    all('a').forEach(link => { if (!link.textContent.trim()) wanting.push('link without text'); });
    all('img').forEach(image => { if (!image.alt) wanting.push('image without alt'); });
    if (document.body.scrollWidth > document.documentElement.clientWidth + 1) wanting.push('page is wider than the window');
    return [...new Set(wanting)];
}"""


# on a phone nothing that is read as a sentence ends beyond the window, and no heading of a table either
CUT = """() => {
    const cut = [];
    for (const one of document.querySelectorAll('caption, p, li, dd, dt, h1, h2, h3, .worded td, .worded th, summary')) {
        const box = one.getBoundingClientRect();
        if (box.width && (box.right > innerWidth + 1 || box.left < -1)) cut.push('cut: ' + one.textContent.trim().slice(0, 60));
    }
    return [...new Set(cut)].slice(0, 5);
}"""


# by folder, the pages that are looked at: one page of a force, a split or a layer is made as all are
ONE_OF_MANY = {
    "profiles": ("index", "kent", "btp"),
    "evidence": (
        "index",
        "steps",
        "cocad.all.victim.age_band",
        "contact.all.crime.month",
        "cpai.all.crime.total",
    ),
    "lineage": ("index", "cpai", "raw"),
}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, (
        "no Chromium on this machine: install Debian's package chromium, then run the proof again"
    )
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def pages_of(release: Path) -> list[Path]:
    return sorted(release.rglob("*.html"))


def doors_of(home) -> list[Path]:
    """The pages of the live release, the page of all releases, and the page of its reports."""
    release = (home.releases / "current").resolve()
    return [
        *pages_of(release),
        home.releases / "index.html",
        home.root / "reports" / release.name / "index.html",
    ]


def problems_of(page: Path, browser, width: int) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    tab = context.new_page()
    problems = []
    tab.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    tab.on("console", lambda said: said.type == "error" and problems.append(said.text))
    tab.on("request", lambda request: request.url.startswith("file:") or problems.append(request.url))
    tab.goto(page.as_uri())
    problems += tab.evaluate(WANTING)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    problems += tab.evaluate(CUT) if width < 800 else []
    problems += [
        f"axe {one['id']}: {one['nodes'][0]['html'][:120]}" for one in Axe().run(tab).response["violations"]
    ]
    for link in tab.eval_on_selector_all(
        "a[href]", "links => links.map(link => new URL(link.getAttribute('href'), location).href)"
    ):
        address = urlsplit(link)
        if address.scheme == "file" and not Path(unquote(address.path)).exists():
            problems.append(f"dead link {address.path.rsplit('/', 1)[-1]}")
    context.close()
    return problems


@pytest.mark.parametrize("width", [400, 1280])
def test_every_page_is_whole_offline_and_says_what_it_is(year, browser, width):
    pages = doors_of(year.home)
    assert len(pages) >= 50
    pages = [page for page in pages if page.stem in ONE_OF_MANY.get(page.parent.name, (page.stem,))]
    found = {str(page): problems for page in pages if (problems := problems_of(page, browser, width))}
    assert not found


def test_a_reader_gets_from_the_front_door_to_the_replication(year, browser):
    tab = browser.new_page()
    tab.goto((year.home.releases / "index.html").as_uri())
    tab.get_by_role("link", name="2023, release", exact=False).click()
    tab.get_by_role("link", name="replication", exact=False).first.click()
    assert tab.get_by_role("heading", level=1).inner_text()
    assert tab.get_by_role("rowheader", name="criterion.cse", exact=True).first.is_visible()
    tab.get_by_role("link", name="All releases").click()
    assert tab.get_by_role("heading", name="Calendar of releases").is_visible()


def test_a_force_is_one_click_from_what_is_unusual_for_it(year, browser):
    tab = browser.new_page()
    release = (year.home.releases / "current").resolve()
    tab.goto((release / "quality" / "index.html").as_uri())
    assert tab.get_by_text("failed", exact=True).count() == 0
    first = (
        tab.locator("section, .scroll")
        .filter(has_text="most unusual for the force first")
        .locator("tbody a")
        .first
    )
    force = first.inner_text()
    first.click()
    assert force in tab.get_by_role("heading", level=1).inner_text()
    assert tab.get_by_role("heading", name="Rules", exact=True).is_visible()


def test_the_dictionary_is_searched_offline(year, browser):
    release = (year.home.releases / "current").resolve()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    tab = context.new_page()
    tab.goto((release / "dictionary.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollHeight") < 12_000
    tab.get_by_label("Search tables and columns").fill("percent_rounding")
    shown = tab.locator("details.table:visible")
    names = [one.locator("h3").inner_text() for one in shown.all()]
    assert "marts.figures" in names and "quality.returns" not in names
    assert tab.get_by_role("rowheader", name="percent_rounding", exact=True).first.is_visible()
    assert tab.locator("output").inner_text().startswith(f"{len(names)} of ")
    tab.get_by_label("Search tables and columns").fill("no such word anywhere")
    assert tab.locator("details.table:visible").count() == 0
    # a link to a table opens it, whatever was searched
    tab.goto((release / "dictionary.html").as_uri() + "#quality.returns")
    tab.reload()
    assert tab.get_by_text("Columns of quality.returns").is_visible()
    context.close()


@pytest.mark.parametrize("width", [400, 1280])
def test_a_number_is_followed_to_its_row_and_on_to_the_sql(year, browser, width):
    release = (year.home.releases / "current").resolve()
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto((release / "index.html").as_uri())
    number = tab.get_by_role("row", name="criterion.familial").get_by_role("link").first
    printed = number.inner_text()
    # by the keyboard alone
    number.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/evidence/**")
    row = tab.locator("tr:target")
    assert row.is_visible() and row.locator("th").inner_text() == "England and Wales, 2023"
    place = row.bounding_box()
    assert 0 <= place["y"] < 900
    headings = tab.locator("#numbers thead th").all_inner_texts()
    assert row.locator("td").all()[headings.index("familial") - 1].inner_text().split()[0] == printed
    assert row.evaluate("row => getComputedStyle(row.cells[0]).backgroundColor") == "rgb(255, 247, 191)"
    tab.get_by_role("link", name="Each step, as a picture and with its SQL").click()
    tab.locator("svg a", has_text="cocad_crimes").first.click()
    assert tab.get_by_role("heading", name="cocad.cocad_crimes", exact=True).is_visible()
    tab.get_by_text("SQL of cocad.cocad_crimes", exact=True).click()
    assert tab.get_by_text("with").last.is_visible()
    tab.get_by_role("region", name="Columns of cocad.cocad_crimes").get_by_role("link").first.click()
    assert "lineage/" in tab.url and "#" in tab.url
