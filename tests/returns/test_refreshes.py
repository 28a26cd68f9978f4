"""A quarter sent again: what counts now, what changed, what vanished; and the warehouse as it was before."""

import shutil

import duckdb
import pyarrow as pa
import pytest
from built import tables_of
from click.testing import CliRunner
from test_intake import land
from written import crime, suspect, victim

from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger import snapshots
from orchestration.ledger.chain import add_readings, read_readings
from orchestration.ledger.opening import open_ledger
from orchestration.returns import intake, raw, receipts
from orchestration.returns.intake import receive
from orchestration.warehouse.dbt import build, with_rejections

pytestmark = pytest.mark.xdist_group("refreshes")  # one worker builds the homes once

FIRST, AGAIN, LATER = "2023-04-20T09:00:00+00:00", "2023-07-03T09:00:00+00:00", "2023-08-01T09:00:00+00:00"
REFERENCE = "CR{}"
GONE, CANCELLED, MOVED, HELD, REFRESHED, NEW = (REFERENCE.format(1000 + number) for number in range(6))
FORCE = "metropolitan"


def a_crime(reference, **cells):
    return crime(0, reference, **cells)


def sent_first():
    crimes = [a_crime(reference) for reference in (GONE, CANCELLED, MOVED, HELD, REFRESHED)]
    return {"crimes": crimes, "victims": [victim(one) for one in crimes], "suspects": [suspect(crimes[0])]}


def sent_again():
    crimes = [
        a_crime(CANCELLED, status="cancelled", cancellation_code="C2", cancelled_on="2023-05-02"),
        a_crime(HELD, recorded_on="some day"),
        a_crime(REFRESHED, outcome_code="14", offence_code="19D"),
        a_crime(NEW),
    ]
    victims = [
        victim(one, **({"self_defined_ethnicity": "W1"} if one is crimes[2] else {})) for one in crimes
    ]
    return {"crimes": crimes, "victims": victims, "suspects": []}


def moved():
    crimes = [a_crime(MOVED, recorded_on="2023-04-03", offence_code="19D")]
    return {"crimes": crimes, "victims": [victim(crimes[0])], "suspects": []}


@pytest.fixture(scope="module")
def home(tmp_path_factory, parsed):
    """Built from both submissions, with a reading imported between them and a force that declares its return missing."""
    home = Home(tmp_path_factory.mktemp("refreshed") / "home")
    shutil.copytree(parsed, home.dbt / "target")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CPAI_LEDGER_URL", raising=False)
        patch.setattr(intake, "now", lambda: FIRST)
        land(home, FORCE, sent_first())
        land(home, "kent")
        receive(home, "2023-Q1")
        patch.setattr(intake, "now", lambda: AGAIN)
        land(home, FORCE, sent_again(), delivery="refresh")
        land(home, FORCE, moved(), quarter="2023-Q2")
        note = home.landing / "2023-Q1" / "surrey" / "MISSING"
        note.parent.mkdir()
        note.write_text("A. Officer, 3 July 2023")
        broken = land(home, "kent", delivery="again")["return.csv"]
        broken.write_bytes(broken.read_bytes().replace(b"LocalID", b"Local"))
        receive(home, "2023-Q1")
        receive(home, "2023-Q2")
        engine = open_ledger(home)
        reading = {"force": FORCE, "crime_reference": GONE, "role": "first", "group_based": "no"}
        for version, moment in (("1", FIRST), ("2", LATER)):
            add_readings(engine, [{**reading, "version": version, "imported_at": moment}])
        snapshots.write(engine, home)
        engine.dispose()
        for published_on in (FIRST[:10], LATER[:10]):
            publish_recorded_crime(home, published_on)
        build(home)
        yield home


def publish_recorded_crime(home, published_on):
    """One count of a release of that day, as `recorded_crime.receive` writes it."""
    row = {"published_on": published_on, "file": f"{published_on}.csv", "file_sha256": published_on}
    row |= {"quarter": "2023-Q1", "force": FORCE, "offence_class": "19D", "crimes": int(published_on[5:7])}
    table = pa.Table.from_pylist([row], schema=raw.police_recorded_crime_schema())
    raw.write(table, home.raw / "police_recorded_crime" / f"{published_on}.parquet")


@pytest.fixture(scope="module")
def as_of(home):
    """The same home seen, and built, as of the day of the first submission."""
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), "run", "--as-of", FIRST[:10], "--json"])
    assert answer.exit_code == 0, answer.output
    return Home(home.root, as_of="2023-04-20T23:59:59+00:00")


def rows(home, sql):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_refresh_is_what_counts(home):
    crimes = rows(
        home,
        f"select quarter, crime_reference from intermediate.int_crimes where force = '{FORCE}' order by 2",
    )
    assert crimes == [
        ("2023-Q1", CANCELLED),
        ("2023-Q2", MOVED),
        ("2023-Q1", REFRESHED),
        ("2023-Q1", NEW),
    ]


def test_only_what_vanished_without_a_word_is_a_finding(home):
    found = rows(
        home,
        "select force, quarter, submission, crime_reference, found from quality.findings where rule = 'EQ01'",
    )
    assert found == [(FORCE, "2023-Q1", 2, GONE, "vanished_without_cancellation")]
    (tested,) = rows(
        home,
        f"select tested, failed from quality.rule_results where rule = 'EQ01' and force = '{FORCE}' and quarter = '2023-Q1'",
    )
    assert tested == (5, 1)


def test_a_reclassified_crime_keeps_its_recorded_date(home):
    found = rows(home, "select crime_reference, found from quality.findings where rule = 'CR30'")
    assert found == [(MOVED, "recorded_date_moved")]
    tested = rows(home, "select tested from quality.rule_results where rule = 'CR30' and tested > 0")
    assert tested == [(2,)]


def test_what_a_refresh_changed_is_counted(home):
    changes = rows(
        home,
        "select record_type, change, filled, records, replaced_submission, submission from quality.refreshes order by 1, 2",
    )
    assert changes == [
        ("crimes", "added", 0, 1, 1, 2),
        ("crimes", "gone", 0, 2, 1, 2),
        ("crimes", "offence_code", 0, 1, 1, 2),
        ("crimes", "outcome_code", 1, 1, 1, 2),
        ("crimes", "recorded_on", 0, 1, 1, 2),
        ("crimes", "status", 0, 1, 1, 2),
        ("suspects", "gone", 0, 1, 1, 2),
        ("victims", "added", 0, 1, 1, 2),
        ("victims", "gone", 0, 2, 1, 2),
        ("victims", "self_defined_ethnicity", 1, 1, 1, 2),
    ]


def test_why_a_quarter_is_not_what_it_was_at_first(home, as_of):
    here = f"where force = '{FORCE}' and quarter = '2023-Q1'"
    by_cause = dict(rows(home, f"select cause, crimes from quality.restatements {here}"))
    causes = ("refreshed_in", "cancelled_since", "moved_to_other_quarter", "held_out", "gone")
    assert by_cause == {"first_received": 5, "reclassified_within": 1, **dict.fromkeys(causes, 1)}
    # what was first received is what a warehouse of that day holds, and what became of it what this one holds
    assert rows(as_of, f"select count(*) from cpai.cpai_crimes {here}") == [(by_cause["first_received"],)]
    assert rows(home, f"select sum(effect * crimes) from quality.restatements {here}") == rows(
        home, f"select count(*) from cpai.cpai_crimes {here}"
    )


def test_every_return_owed_has_a_row(home):
    statuses = dict(rows(home, "select quarter || ' ' || status, count(*) from quality.returns group by all"))
    assert statuses == {
        "2023-Q1 superseded": 1,
        "2023-Q1 accepted_with_rejections": 1,
        "2023-Q1 accepted": 1,
        "2023-Q1 refused": 1,
        "2023-Q1 missing": 42,
        "2023-Q2 accepted": 1,
        "2023-Q2 missing": 43,
    }
    declared = rows(
        home,
        "select force, submission from quality.returns where status = 'missing' and submission is not null",
    )
    assert declared == [("surrey", 1)]
    found = rows(
        home,
        "select force, found from quality.findings where rule = 'CR55' and quarter = '2023-Q1' "
        "and force in ('surrey', 'essex') order by 1",
    )
    assert found == [("essex", "missing"), ("surrey", "missing_declared")]


def test_the_grid_tells_how_each_return_stands(home):
    cells = receipts.grid(home, ["2023-Q1", "2023-Q2"], with_rejections(home))
    assert len(cells) == 44
    assert cells[FORCE]["2023-Q1"] == {
        "status": "accepted_with_rejections",
        "submission": 2,
        "refused_since": False,
    }
    assert cells["kent"]["2023-Q1"] == {"status": "accepted", "submission": 1, "refused_since": True}
    assert cells["surrey"]["2023-Q1"]["status"] == "missing_declared"
    assert cells["surrey"]["2023-Q2"] == {"status": "missing", "submission": None, "refused_since": False}
    shown = CliRunner().invoke(cpai, ["--home", str(home.root), "status"]).stdout.splitlines()
    words = {
        line.split()[0]: line.split(maxsplit=1)[1] for line in shown if line and not line.startswith(" ")
    }
    assert words[FORCE].split("  ")[0] == "ok, held 2"
    assert words["kent"].split("  ")[0] == "ok !"
    assert words["surrey"].split("  ")[0] == "declared"
    assert any("surrey said it is missing: A. Officer, 3 July 2023" in line for line in shown)


def test_as_of_a_moment_the_warehouse_holds_what_had_been_received(as_of):
    assert rows(as_of, f"select submission, status, crimes from quality.returns where force = '{FORCE}'") == [
        (1, "accepted", 5)
    ]
    crimes = rows(
        as_of, f"select crime_reference from intermediate.int_crimes where force = '{FORCE}' order by 1"
    )
    assert [reference for (reference,) in crimes] == sorted([GONE, CANCELLED, MOVED, HELD, REFRESHED])
    assert rows(as_of, "select distinct quarter from quality.returns") == [("2023-Q1",)]
    assert rows(as_of, "select version from intermediate.int_readings") == [("1",)]
    assert rows(as_of, "select count(*) from quality.refreshes") == [(0,)]


def test_as_of_a_moment_recorded_crime_is_what_had_been_published(home, as_of):
    asked = "select published_on, is_newest from intermediate.int_police_recorded_crime order by 1"
    assert rows(as_of, asked) == [(FIRST[:10], True)]
    assert rows(home, asked) == [(FIRST[:10], False), (LATER[:10], True)]


def test_as_of_a_moment_leaves_the_live_warehouse_alone(home, as_of):
    assert as_of.warehouse != home.warehouse
    assert as_of.warehouse == home.root / "as_of" / "2023-04-20T235959Z" / "warehouse.duckdb"
    assert rows(home, "select max(submission) from quality.returns") == [(2,)]
    assert receipts.standing(as_of, "2023-Q1")["refused"] == []
    assert receipts.standing(home, "2023-Q1")["refused"] == ["kent"]


@pytest.mark.proof
def test_as_of_a_moment_every_table_is_as_if_it_had_been_built_then(home, as_of, tmp_path, monkeypatch):
    then = Home(tmp_path / "home")
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    monkeypatch.setattr(intake, "now", lambda: FIRST)
    land(then, FORCE, sent_first())
    land(then, "kent")
    receive(then, "2023-Q1")
    engine = open_ledger(then)
    add_readings(engine, read_readings(open_ledger(home))[:1])
    snapshots.write(engine, then)
    (then.root / "token.key").write_text((home.root / "token.key").read_text())
    publish_recorded_crime(then, FIRST[:10])
    build(then)
    assert tables_of(as_of) == tables_of(then)


def test_before_anything_came_there_is_nothing_to_build(home):
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), "run", "--as-of", "2023-01-01"])
    assert answer.exit_code == 2
    assert "nothing had been received by 2023-01-01T23:59:59+00:00" in answer.stderr
