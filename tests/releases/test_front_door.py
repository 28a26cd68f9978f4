"""Every release is found from one page, whichever was published last; what stands on its pages can be."""

import re

import pytest
from small_home import Gate, change, resubmit

from orchestration.releases import publish
from orchestration.releases.pages import statement
from orchestration.releases.reports import front_door

pytestmark = pytest.mark.usefixtures("clock")


def listed(home) -> list[str]:
    page = (home.releases / "index.html").read_text(encoding="utf-8")
    table = page.partition("Releases kept here")[2].partition("</table>")[0]
    return re.findall(r'<th scope="row"><a href="([^"]+)">', table)


@pytest.fixture
def published(home):
    """A year, a quarter of it, the year corrected, and another quarter."""
    change(home, "update quality.force_profile set ninth_decile_days_to_record = 1.8999999999999773")
    change(home, "update quality.rule_results set failed = 1, rate = 1 / 3, verdict = 'within_tolerance'")
    publish.publish(home, "2023", Gate())
    publish.publish(home, "2023-Q3", Gate())
    resubmit(home, "kent", "2023-Q1")
    publish.publish(home, "2023", Gate())
    publish.publish(home, "2023-Q4", Gate())
    return home


def test_what_readers_find(published):
    home, release = published, published.releases / "2023.r2"
    # the year stays in front of a quarter that is published after it, and what replaces a release before it
    years, quarters = ["2023.r2", "2023.r1"], ["2023-Q4.r1", "2023-Q3.r1"]
    assert listed(home) == [f"{name}/index.html" for name in years + quarters]
    page = (home.releases / "index.html").read_text(encoding="utf-8")
    assert "replaced by 2023.r2" in page and page.count("the newest of its period") == 3
    assert "The newest final figures" in page and "2024-09-26" in page and "not yet" in page

    # every page leads there
    pages = list(release.rglob("*.html"))
    assert len(pages) > 8
    for path in [*pages, front_door.of(home, "2023.r2")]:
        (link,) = re.findall(
            r'<a class="all" href="([^"]+)">All releases</a>', path.read_text(encoding="utf-8")
        )
        assert (path.parent / link).resolve() == home.releases / "index.html", path

    # no number is as a computer holds it
    raw = re.compile(r"(?<![\w.])\d+\.\d{5,}|\d\.?\d*e-\d+")
    files = [*pages, *release.rglob("*.csv")]
    assert {path.name: raw.findall(path.read_text(encoding="utf-8")) for path in files} == {
        path.name: [] for path in files
    }
    assert ">1.9<" in (release / "quality" / "profiles" / "kent.html").read_text(encoding="utf-8")

    # nobody saw it before a day on which it was not published
    said = " ".join((release / "statement.html").read_text(encoding="utf-8").split())
    assert "Access before publication: nobody." in said
    assert "Access planned for another day, which nobody had" in said
    assert re.search(r"\d+ days before the day planned", said)


def test_who_saw_a_release_is_who_had_access_on_its_day():
    row = {"role": "Press officer", "from": "2024-11-05T09:30:00+00:00", "until": "2024-11-06T09:30:00+00:00"}
    head = {"planned_on": "2024-11-06", "pre_release_access": [row]}
    on_the_day = statement.access(head | {"created_at": "2024-11-06T09:30:00+00:00"})
    assert [one["role"] for one in on_the_day["access"]] == ["Press officer"]
    assert on_the_day["access_not_given"] == [] and on_the_day["days_late"] == 0
    later = statement.access(head | {"created_at": "2026-11-30T09:00:00+00:00"})
    assert later["access"] == [] and len(later["access_not_given"]) == 1 and later["days_late"] == 754
