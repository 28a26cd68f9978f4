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
    # dbt's own page is one application, not ours to judge
    return [page for page in sorted(release.rglob("*.html")) if page.name != "dbt.html"]


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_is_whole_offline_and_says_what_it_is(year, browser, width):
    release = (year.home.releases / "current").resolve()
    found = {}
    for page in pages_of(release):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        tab = context.new_page()
        problems = []
        tab.on("pageerror", lambda error, problems=problems: problems.append(f"script error: {error}"))
        tab.on("console", lambda said, problems=problems: said.type == "error" and problems.append(said.text))
        tab.on(
            "request",
            lambda request, problems=problems: (
                request.url.startswith("file:") or problems.append(request.url)
            ),
        )
        tab.goto(page.as_uri())
        problems += tab.evaluate(WANTING)
        for link in tab.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            address = urlsplit(link)
            if address.scheme == "file" and not Path(unquote(address.path)).exists():
                problems.append(f"dead link {address.path.rsplit('/', 1)[-1]}")
        if problems:
            found[str(page.relative_to(release))] = problems
        context.close()
    assert not found
    assert len(pages_of(release)) >= 4


def test_a_reader_gets_from_the_front_page_to_the_replication(year, browser):
    release = (year.home.releases / "current").resolve()
    tab = browser.new_page()
    tab.goto((release / "index.html").as_uri())
    tab.get_by_role("link", name="replication", exact=False).first.click()
    assert tab.get_by_role("heading", level=1).inner_text()
    assert tab.get_by_role("rowheader", name="criterion.cse", exact=True).first.is_visible()
