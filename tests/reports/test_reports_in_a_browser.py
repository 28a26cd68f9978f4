"""Reports in a real browser: by axe-core, offline, narrow and wide."""

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from orchestration.releases import reports

pytestmark = pytest.mark.proof
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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


@pytest.mark.parametrize("period", ["2023", "2023-Q1"])
def test_axe_finds_nothing_and_no_page_is_wider_than_its_window(home, browser, tmp_path, period):
    from axe_playwright_python.sync_playwright import Axe

    list(reports.prepare(home, period, into=tmp_path / "reports").write())
    head = json.loads((home.releases / "2023.r1" / "manifest.json").read_text(encoding="utf-8"))
    found = {}
    # all of them, and the front door
    for page in [*sorted(tmp_path.rglob("*.html")), reports.front_door.write(home, head)]:
        name = page.relative_to(page.parents[2]).as_posix()
        context = browser.new_context(offline=True)
        tab = context.new_page()
        problems = []
        tab.on("console", lambda said, problems=problems: said.type == "error" and problems.append(said.text))
        for width in (360, 1280):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.goto(page.as_uri())
            problems += [
                f"{one['id']}: {one['nodes'][0]['html'][:120]}"
                for one in Axe().run(tab).response["violations"]
            ]
            if tab.evaluate("document.body.scrollWidth - document.documentElement.clientWidth") > 1:
                problems.append("wider than its window")
            # the words of a bar end inside the window
            problems += tab.eval_on_selector_all(
                "svg text",
                "all => all.filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.textContent)",
            )
        for link in tab.eval_on_selector_all(
            "a[href]", "links => links.map(link => link.href.split('#')[0])"
        ):
            if not Path(unquote(urlsplit(link).path)).exists():
                problems.append(f"dead link {link}")
        if problems:
            found[name] = problems
        context.close()
    assert not found
