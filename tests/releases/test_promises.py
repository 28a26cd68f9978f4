"""Policies with their versions, what forces say of the quality of their records, and since when a release is announced."""

import json
import shutil

import pytest
from small_home import Gate, add, resubmit
from some import some

from orchestration.home import SEEDS, seed_rows
from orchestration.ledger import log
from orchestration.ledger.opening import ledger_of
from orchestration.releases import promises, publish
from orchestration.releases.calendar import NotAsPromised

pytestmark = pytest.mark.usefixtures("clock")


def test_the_seeds_of_each_policy_are_those_that_were_decided():
    """Who changes one enters a new version: `decided_on`, `decided_by`, and the hash that this prints."""
    changed = {
        row["policy"]: promises.hash_of(row["files"])
        for row in some(promises.policies(SEEDS))
        if not row["is_as_decided"]
    }
    assert changed == {}


@pytest.fixture
def seeds(tmp_path):
    return shutil.copytree(SEEDS, tmp_path / "seeds")


def test_a_policy_that_was_changed_without_a_new_version_is_told(seeds):
    with (seeds / "retention.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    stands = {row["policy"]: row["is_as_decided"] for row in promises.policies(seeds)}
    assert [policy for policy, as_decided in stands.items() if not as_decided] == ["kept and erased"]


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("policies", "made,1.0,soon,Head,rules.csv,0,why", "decided_on is no date"),
        ("policies", "made,1.0,2024-03-01,Head,no_such.csv,0,why", "seeds/no_such.csv is not there"),
        ("quality_statements", "kent,2023,reviewed,none known,Registrar,2023-03-01", "is no quarter"),
        ("quality_statements", "kent,2023-Q2,perfect,none known,Registrar,2023-03-01", "is none of none, "),
        ("quality_statements", "kent,2023-Q2,reviewed,,Registrar,2023-03-01", "known_limits is blank"),
        ("quality_statements", "kent,2023-Q2,reviewed,none known,,", "fill in confirmed_by"),
        ("quality_statements", "kent,2023-Q2,none,none known,Registrar,2023-03-01", "confirmed by somebody"),
        ("quality_statements", "kent,2023-Q2,reviewed,none known,Registrar,soon", "confirmed_on is no date"),
    ],
)
def test_a_row_that_breaks_its_rule_is_refused(seeds, name, row, words):
    def read():
        return promises.policies(seeds), promises.quality_statements("2023", seeds)

    read()
    add(seeds, name, row)
    with pytest.raises(NotAsPromised, match=words):
        read()


def test_each_force_has_the_statement_that_stands_in_the_last_quarter(seeds):
    add(seeds, "quality_statements", "kent,2023-Q3,audited,none known,Registrar,2023-09-01")

    def of_kent(period):
        rows = promises.quality_statements(period, seeds)
        assert len(rows) == len({row["force"] for row in rows}) == 44
        return next(row["assurance_level"] for row in rows if row["force"] == "kent")

    before = next(row for row in seed_rows("publication/quality_statements.csv") if row["force"] == "kent")
    assert before["assurance_level"] != "audited"
    assert of_kent("2023-Q2") == before["assurance_level"]
    assert of_kent("2023-Q3") == of_kent("2023") == "audited"
    blank = promises.quality_statements("2022-Q4", seeds)
    assert {(row["assurance_level"], bool(row["crime_system"])) for row in blank} == {("", True)}


def test_a_release_has_them_and_since_when_its_day_is_on_record(home):
    first = publish.publish(home, "2023", Gate()).path
    head = json.loads((first / "manifest.json").read_text())
    # nothing of this home told of the day before the first release
    assert head["announced_on"] == "2024-09-11" and head["announcement_on_record"] is None
    page = (first / "statement.html").read_text()
    assert "not in the log of this warehouse before this release" in page
    assert "56 days before the day planned" in page
    assert page.count(">as decided<") == len(head["policies"]) > 3
    statements = {row["force"]: row for row in head["quality_statements"]}
    assert statements["kent"]["known_limits"] in page and "the force itself, by its own sample" in page

    with ledger_of(home) as engine:
        told = [row for row in log.entries(home, engine) if row["what"] == promises.ANNOUNCED]
    calendar = seed_rows("publication/release_calendar.csv")
    assert [row["set"]["period"] for row in told] == [row["period"] for row in calendar]
    resubmit(home, "kent", "2023-Q1")
    second = publish.publish(home, "2023", Gate()).path
    head = json.loads((second / "manifest.json").read_text())
    assert head["announcement_on_record"] == told[0]["at"][:10]
    with ledger_of(home) as engine:
        again = [row for row in log.entries(home, engine) if row["what"] == promises.ANNOUNCED]
    assert again == told
