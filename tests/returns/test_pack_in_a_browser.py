"""A pack and a check as a force sees them: a real browser, offline, on a phone and a screen."""

import json
import shutil

import pytest
from answered import QUARTER

from orchestration.returns.pack.page import page

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("answered")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHECKED = {
    "folder": "in",
    "judged": "2",
    "stands": None,
    "files": ["crimes_of_the_first_quarter.csv"] * 3,
    "said": "sub-folder 2 of in",
}


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("checked", [None, CHECKED], ids=["pack", "check"])
def test_the_page_fits_its_window_and_axe_finds_nothing(answered, tmp_path, checked, width):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, (
        "no Chromium on this machine: install Debian's package chromium, then run the proof again"
    )
    pack = json.loads(
        (answered.root / "packs" / QUARTER / "durham.1" / "pack.json").read_text(encoding="utf-8")
    )
    (tmp_path / "index.html").write_text(page(pack | {"checked": checked}, True), encoding="utf-8")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True).new_page()
        tab.goto((tmp_path / "index.html").as_uri())
        assert tab.evaluate("document.body.scrollWidth <= document.documentElement.clientWidth")
        order = tab.eval_on_selector_all("section.finding h3", "all => all.map(one => one.innerText)")
        assert [heading.split(".")[0] for heading in order] == [str(n) for n in range(1, len(order) + 1)]
        listed = tab.eval_on_selector_all(
            "#findings ~ .scroll a[href^='#']", "all => all.map(one => one.innerText)"
        )
        assert [heading.split()[1].rstrip(":") for heading in order] == listed[: len(order)]
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        browser.close()
