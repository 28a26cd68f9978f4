"""What is promised about releases, and what became of each figure since it was first published."""

import json
import shutil

import duckdb
import pytest
from small_home import KENT, Gate, add, add_reading, cancel_later, change, resubmit, revisions

from orchestration.releases import calendar, inputs, publish, verify
from orchestration.releases.explain import explain
from orchestration.releases.package import NotPublishable

pytestmark = pytest.mark.usefixtures("clock")


def test_a_release_says_what_the_calendar_promised(home):
    path = publish.publish(home, "2023-Q1", Gate()).path
    head = json.loads((path / "manifest.json").read_text())
    assert (head["status"], head["kind"], head["planned_on"]) == ("provisional", "quarterly", "2023-06-29")
    assert head["compared_with"] == [] and head["errata"] == []
    path = publish.publish(home, "2023", Gate()).path
    head = json.loads((path / "manifest.json").read_text())
    assert head["status"] == "final" and head["compared_with"] == ["2023-Q1.r1"]
    page = (path / "statement.html").read_text()
    for access in head["pre_release_access"]:
        assert (
            access["role"].replace("'", "&#39;") in page
            and access["organisation"].replace("'", "&#39;") in page
        )
    assert "2024-11-06" in page and "2023-Q1.r1" in page
    # the calendar: planned, and out since
    assert "2023-06-29" in page and page.count("2024-01-0") >= 2
    assert "<strong>final</strong>" in (path / "index.html").read_text()


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("release_calendar", "2023,annual,final,2024-12-01,2024-10-01,", "is there twice"),
        ("release_calendar", "2030,annual,sure,2031-12-01,2031-10-01,", "none of provisional, final"),
        ("release_calendar", "2030,annual,final,soon,2031-10-01,", "planned_on is no date"),
        ("release_calendar", "2030,annual,final,2031-12-01,,", "announced_on is no date"),
        (
            "release_calendar",
            "2030,annual,final,2031-12-01,2031-11-04,",
            "announced 27 days before the day planned",
        ),
        (
            "pre_release_access",
            "2023,Minister,HO,2024-11-05T09:29:00+00:00,2024-11-06T09:30:00+00:00,why",
            "24 hours",
        ),
        (
            "pre_release_access",
            "2023,Minister,HO,2024-11-06T09:30:00+00:00,2024-11-06T09:00:00+00:00,why",
            "24 hours",
        ),
        (
            "pre_release_access",
            "2023,Minister,HO,2024-11-06T09:30:00+00:00,2024-11-07T09:00:00+00:00,why",
            "not on the day",
        ),
        (
            "pre_release_access",
            "2023,Minister,HO,2024-11-05T09:30:00+00:00,2024-11-06T09:30:00+00:00,",
            "reason must",
        ),
        (
            "pre_release_access",
            "2031,Minister,HO,2024-11-05T09:30:00+00:00,2024-11-06T09:30:00+00:00,why",
            "no such period",
        ),
        ("errata", "2023,scale.cpai,,2023,counted twice,2024-12-01,", "write it like 2023.r1"),
        ("errata", "2023.r1,scale.cpai,,2023,,2024-12-01,2023.r2", "reason must"),
        ("errata", "2023.r1,scale.cpai,,2023,is 117 too many,2024-12-01,2023.r2", "write in words"),
        ("errata", "2023.r1,scale.cpai,,2023,counted twice,soon,2023.r2", "found_on is no date"),
    ],
)
def test_a_promise_that_breaks_its_rule_is_refused(seeds, name, row, words):
    calendar.statement("2023", seeds)
    add(seeds, name, row)
    with pytest.raises(calendar.NotAsPromised, match=words):
        calendar.statement("2023", seeds)


def test_a_broken_promise_publishes_nothing(home, monkeypatch):
    def broken(period):
        raise calendar.NotAsPromised("errata.csv, scale.cpai: correct it")

    monkeypatch.setattr(calendar, "statement", broken)
    with pytest.raises(NotPublishable, match="correct it"):
        publish.publish(home, "2023", Gate())
    assert not (home.releases / "current").exists()


def test_a_period_that_was_not_announced_is_provisional():
    assert calendar.statement("2031-Q1")["status"] == "provisional"


def test_an_erratum_is_shown_in_every_later_release_of_its_quarters(seeds):
    add(seeds, "errata", "2023-Q1.r1,scale.cpai,,2023-Q1,counted twice,2024-12-01,2023-Q1.r2")
    assert [row["figure_id"] for row in calendar.statement("2023", seeds)["errata"]] == ["scale.cpai"]
    assert calendar.statement("2023-Q2", seeds)["errata"] == []


def test_a_resubmission_revises_the_figures_of_its_places_and_periods(home):
    publish.publish(home, "2023-Q1", Gate())
    resubmit(home, "kent", "2023-Q1")
    change(home, f"update marts.figures set numerator = numerator + 1 where {KENT}")
    gone = KENT.replace("cse", "familial")
    change(home, f"delete from marts.figures where {gone}")
    publish.publish(home, "2023-Q1", Gate())
    before = 720 * 3
    # a figure that is not given any more is revised too
    assert revisions(home, gone) == [
        ("2023-Q1.r1", 0, None, 1128 * 3, None),
        ("2023-Q1.r2", 1, 1128 * 3, None, "resubmission"),
    ]
    assert revisions(home, KENT) == [
        ("2023-Q1.r1", 0, None, before, None),
        ("2023-Q1.r2", 1, before, before + 1, "resubmission"),
    ]
    # the annual release goes on from there: its quarter is matched to the quarter's own releases
    resubmit(home, "norfolk", "2023-Q2")
    cancel_later(home, "kent", "2023-Q1", "2023-Q2")
    change(home, f"update marts.figures set numerator = numerator + 5 where {KENT}")
    publish.publish(home, "2023", Gate())
    # not of the other force: of the later returns of the year, that cancelled crimes of this quarter
    assert revisions(home, KENT)[2:] == [("2023.r1", 2, before + 1, before + 6, "later_return")]
    file = home.releases / "current" / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as marts:
        found = marts.execute(f"select revision_status from release_figures where {KENT}").fetchall()
        assert found == [("revised",)]
        counted = "select count(*) from release_figures where revision_status <> 'final'"
        assert marts.execute(counted).fetchone() == (1,)
    told = explain(home, "criterion.cse", place="kent", period="2023-Q1")
    assert told["revision_status"] == "revised"
    assert told["revisions"][1] == f"2023-Q1.r2: {before + 1} of {4228 * 3}, 17.0% (resubmission)"
    assert verify.verify(home) == []


def test_readings_seeds_and_errata_are_told_apart(home, monkeypatch):
    publish.publish(home, "2023", Gate())
    add_reading(home, "kent", "2023-Q1/2")
    change(home, "insert into intermediate.int_readings (reading_id) values (2)")
    change(home, f"update marts.figures set numerator = numerator + 1 where {KENT}")
    monkeypatch.setattr(inputs, "code_hash", lambda: "other")
    publish.publish(home, "2023", Gate())
    # the code changed as well, but nothing that the reading does not explain: it changed no figure
    assert [row[4] for row in revisions(home)] == [None, "reading"]
    monkeypatch.setattr(inputs, "code_hash", lambda: "another")
    contact = "figure_id = 'scale.contact' and place = 'durham' and period = '2023-03'"
    change(home, f"update marts.figures set numerator = numerator - 1 where {contact}")
    erratum = {"release": "2023.r2", "figure_id": "criterion.cse", "place": "kent", "period": "2023-Q1"}
    erratum |= {"reason": "counted twice", "found_on": "2024-12-01", "corrected_in": "2023.r3"}
    said = calendar.statement("2023")
    monkeypatch.setattr(calendar, "statement", lambda period: said | {"errata": [erratum]})
    change(home, f"update marts.figures set numerator = numerator - 1 where {KENT}")
    path = publish.publish(home, "2023", Gate()).path
    assert [row[4] for row in revisions(home, KENT)] == [None, "reading", "correction"]
    assert [row[4] for row in revisions(home, contact)] == [None, "rule"]
    assert "counted twice" in (path / "statement.html").read_text()
    # a release that was published and is gone is missed, before another is compared with the rest
    shutil.rmtree(home.releases / "2023.r1")
    monkeypatch.setattr(inputs, "code_hash", lambda: "a fourth")
    with pytest.raises(verify.NotAsPublished, match=r"2023\.r1: is in the ledger"):
        publish.publish(home, "2023", Gate())
