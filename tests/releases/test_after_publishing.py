"""What is asked of a published release: verify, explain, diff, replay, its pages and its data package."""

import hashlib
import json
import re
import sqlite3
from base64 import b64encode

import pytest
from small_home import Gate, add_reading, arrive, change, make_home
from some import some

from orchestration.releases import inputs
from orchestration.releases.diff import diff
from orchestration.releases.explain import explain, in_lines
from orchestration.releases.publish import publish
from orchestration.releases.replay import replay
from orchestration.releases.replication import sentence
from orchestration.releases.verify import verify


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("published") / "home")
    return home, publish(home, "2023", Gate()).path


def test_verify_names_every_change(home):
    path = publish(home, "2023", Gate()).path
    figures = path / "figures.csv"
    figures.chmod(0o644)
    figures.write_text(figures.read_text().replace("115488", "115489") + "x")
    (path / "dictionary.html").unlink()
    (path / "notes.txt").write_text("mine")
    assert verify(home) == [
        "2023.r1: dictionary.html is missing; restore it from a copy",
        "2023.r1: notes.txt is not in the manifest; take it out",
        "2023.r1: figures.csv was changed after publishing; restore it from a copy",
    ]


def test_verify_knows_the_manifest_that_was_published(home):
    path = publish(home, "2023", Gate()).path
    manifest = path / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"made_up_data": true', '"made_up_data": false'))
    assert verify(home) == [
        "2023.r1: manifest.json is not the one that was published; restore it from a copy"
    ]


def test_verify_notices_readings_cut_off_the_end_of_the_ledger(home):
    """Every link of what is left still holds: only the release shows that there was more."""
    publish(home, "2023", Gate())
    assert verify(home) == []
    with sqlite3.connect(home.root / "ledger.db") as ledger:
        ledger.execute("drop trigger readings_no_delete")
        ledger.execute("delete from readings where reading_id = (select max(reading_id) from readings)")
    (problem,) = verify(home)
    assert "not in the ledger as it was" in problem and "cpai read verify" in problem


def test_verify_needs_a_live_release(home):
    (problem,) = verify(home)
    assert "no live release" in problem and "cpai publish" in problem


def test_explain_goes_from_the_figure_to_the_submissions(published):
    home, _ = published
    answer = explain(home, "criterion.familial", place="South East", period="2023-04")
    assert answer["counts"] == "COCAD crimes under the criterion familial"
    assert answer["base"] == "COCAD crimes"
    assert (answer["numerator"], answer["denominator"]) == (1128, 4228)
    assert answer["submissions"] == ["kent 2023-Q2 submission 1"]
    assert answer["readings_of_the_release"] == 1
    assert (answer["records"], answer["not_known"]) == (
        None,
        None,
    )  # this small home has no total of the COCAD
    assert answer["revision_status"] == "final" and answer["revisions"] == []
    assert answer["model"] == "models/marts/figures.sql" and answer["built_from"] == ["fct_crimes"]
    assert len(explain(home, "scale.cpai")["submissions"]) == 12
    assert explain(home, "scale.cpai")["readings_of_the_release"] == 0


def test_a_long_list_of_returns_is_folded_to_what_is_not_the_first_of_each():
    quarters = [f"2023-Q{number}" for number in (1, 2, 3, 4)]
    returns = [
        f"{force} {quarter} submission 1" for force in ("gwent", "kent", "surrey") for quarter in quarters
    ]
    returns[5] = "kent 2023-Q2 submission 2"
    (line,) = in_lines({"submissions": returns})
    assert line == (
        "submissions: 12: 3 forces, 2023-Q1 to 2023-Q4; each the first submission, but kent 2023-Q2 submission 2 "
        "(--all names each)"
    )
    assert in_lines({"submissions": returns}, in_full=True) == ["submissions: " + ", ".join(returns)]


def test_explain_names_near_figures_and_places(published):
    home, _ = published
    with pytest.raises(LookupError, match=r"criterion\.familial"):
        explain(home, "criterion.famliial")
    with pytest.raises(LookupError, match="kent"):
        explain(home, "scale.cpai", place="Kant")
    with pytest.raises(FileNotFoundError, match=r"2023\.r1"):
        explain(home, "scale.cpai", release="2023.r7")


def test_diff_lists_what_changed(home, monkeypatch):
    publish(home, "2023", Gate())
    monkeypatch.setattr(inputs, "code_hash", lambda: "other")
    change(
        home,
        "update marts.figures set numerator = numerator + 1 where figure_id = 'criterion.cse' "
        "and place = 'kent' and period = '2023-Q1'; "
        # printed otherwise, of the same numbers
        "update marts.figures set percent = 99 where figure_id = 'criterion.cse' "
        "and place = 'kent' and period = '2023-Q2'; "
        "update marts.figures set status = 'caveat' where figure_id = 'criterion.cse' "
        "and place = 'kent' and period = '2023-Q3'; "
        "delete from marts.figures "
        "where figure_id = 'scale.cpai' and place = 'durham' and period = '2023-02'",
    )
    publish(home, "2023", Gate())
    found = [
        (row["change"], row["figure_id"], row["place"], row["period"])
        for row in diff(home, "2023.r1", "2023.r2")
    ]
    assert found == [
        ("changed", "criterion.cse", "kent", "2023-Q1"),
        ("changed", "criterion.cse", "kent", "2023-Q2"),
        ("changed", "criterion.cse", "kent", "2023-Q3"),
        ("removed", "scale.cpai", "durham", "2023-02"),
    ]


def test_diff_needs_a_shared_period(home):
    publish(home, "2023-Q1", Gate())
    publish(home, "2023-Q2", Gate())
    with pytest.raises(LookupError, match="no period in common"):
        diff(home, "2023-Q1.r1", "2023-Q2.r1")


def test_replay_gives_the_same_tables(home):
    path = publish(home, "2023", Gate()).path
    lost = replay(home)
    # a manifest has a force's file by its hash
    assert len(lost) == 13 and all(
        re.match(r"the archive has lost [0-9a-f]+\.csv of ", problem) for problem in lost[:12]
    )
    assert lost[12].startswith("the archive has lost abababababab.csv of recorded crime of 2023-10-19")
    change(
        home, "update marts.figures set numerator = 7 where figure_id = 'scale.contact' and place = 'kent'"
    )
    assert set(replay(home)) - set(lost) == {
        "figures.csv does not come out the same again",
        "marts/figures.parquet does not come out the same again",
    }
    arrive(home, "kent", "2024-Q1")
    assert "kent 2024-Q1 submission 1, accepted" in replay(home)[-1]
    add_reading(home, "kent", "2023-Q1/2")
    change(home, "insert into intermediate.int_readings (reading_id) values (2)")
    assert "readings differ" in replay(home)[-1]
    assert path.exists() and not list(home.releases.glob(".building*"))


def test_every_column_is_described(published):
    _, path = published
    resources = json.loads((path / "datapackage.json").read_text())["resources"]
    manifest = {file["path"]: file for file in json.loads((path / "manifest.json").read_text())["files"]}
    assert len({resource["name"] for resource in resources}) == len(resources)
    for resource in resources:
        assert resource["description"]
        assert all(field["description"] and field["type"] != "any" for field in resource["schema"]["fields"])
        assert resource["hash"] == f"sha256:{manifest[resource['path']]['sha256']}"
        assert resource["bytes"] == manifest[resource["path"]]["bytes"]
    by_name = {resource["name"]: resource for resource in resources}
    figures = by_name["marts.figures.csv"]
    assert figures["path"] == "figures.csv"
    header = (path / "figures.csv").read_text().splitlines()[0].split(",")
    assert [field["name"] for field in figures["schema"]["fields"]] == header
    assert header[-1] == "release"
    assert figures["schema"]["primaryKey"] == ["figure_id", "place_type", "place", "period"]
    crimes = by_name["marts.fct_crimes"]
    assert crimes["schema"]["primaryKey"] == ["force", "quarter", "crime_reference"]


def test_pages_read_offline_and_say_what_they_must(published):
    _, path = published
    pages = sorted(path.rglob("*.html"))
    forces = {page.stem for page in pages if page.parent.name == "profiles"}
    followed = [page for page in pages if page.parent.name in ("evidence", "lineage")]
    assert forces == {"index", "kent", "norfolk", "durham"}
    assert len(followed) > 8 and len(pages) == 6 + len(forces) + len(followed)
    for page in pages:
        html = page.read_text()
        assert "Made-up data: no real person or crime" in html
        assert "Contains public sector information licensed under the Open Government Licence v3.0." in html
        assert '<html lang="en-GB">' in html and "<h1>" in html
        # the dictionary's search, which the page allows by its hash and nothing else
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
        assert len(scripts) == (page.name == "dictionary.html")
        for script in scripts:
            digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\"" in html
        assert "http" not in re.sub(r'http-equiv="[^"]+"', "", html)
        assert html.count("<table") == html.count("<caption>")
        assert all("scope=" in heading for heading in re.findall(r"<th\b[^>]*>", html))


def test_every_link_of_a_page_leads_somewhere(published):
    _, path = published
    for page in some(path.rglob("*.html")):
        html = page.read_text()
        for link in re.findall(r'href="([^"]+)"', html):
            target, _, anchor = link.partition("#")
            file = (page.parent / target) if target else page
            assert file.exists(), f"{page.name}: {link}"
            if anchor:
                assert f'id="{anchor}"' in file.read_text(), f"{page.name}: {link}"


def test_a_force_finds_its_profile_and_what_was_restated(published):
    _, path = published
    kent = (path / "quality" / "profiles" / "kent.html").read_text()
    assert kent.count("60.0% of 5 (23.1% to 88.2%)") == 3 * 4  # three collected fields in four quarters
    assert kent.count("not collected") == 4
    assert (
        '<td data-head="Cause">cancelled later</td><td class="number" data-head="Crimes">\u22121</td>'
        '<td class="code" data-head="Rule"><code>CR29</code></td>' in kent
    )
    restated = (path / "quality" / "restatements.html").read_text()
    assert restated.count("profiles/kent.html") == 4
    # three forces in each quarter: 15 crimes first received, 3 cancelled later, 12 now
    assert "15</td><td" in restated and "\u22123</td><td" in restated and "12</td><td" in restated


def test_the_replication_is_told_in_one_line(published):
    _, path = published
    assert sentence(path / "report" / "replication_2023.csv") == "2 of 2 counts, 1 percent-only"
    html = (path / "report" / "replication_2023.html").read_text()
    assert "2 of 2 counts agree" in html and "26.61% alone rounds to 27" in html
