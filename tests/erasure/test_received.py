"""What was received: an erased record is in no byte of landing, archive, raw or ledger, and all else is as it was."""

import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from received import (
    CRIME,
    DECIDED,
    GONE,
    OF_CRIME,
    OF_SUSPECT,
    OF_VICTIM,
    QUARTER,
    SUSPECT,
    VICTIM,
    erase,
    gone_of,
    land,
    records,
    take_in,
)
from searched import where

from orchestration.command.asked import not_erased
from orchestration.erasure import erasing
from orchestration.erasure.target import Decision, ErasureRefused, Target, digests
from orchestration.home import Home
from orchestration.keys import KeyLost, token_key
from orchestration.ledger import erasures, tables
from orchestration.ledger.chain import add_readings, read_readings, verify
from orchestration.ledger.erasures import Marks
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submissions
from orchestration.ledger.transactions import writing
from orchestration.returns import kept, raw
from orchestration.returns.layouts.parts import RECORD_TYPES


def rows(home, force="kent", number=1, quarter=QUARTER):
    return {
        kind: pq.read_table(
            raw.records_file(home, kind, quarter, force, number), partitioning=None
        ).to_pylist()
        for kind in RECORD_TYPES
    }


def submissions(home):
    with ledger_of(home) as engine:
        return read_submissions(engine)


def sound(home):
    """What raw, archive and ledger say of each other."""
    with ledger_of(home) as engine:
        return kept.raw_differs(home, engine) + erasures.verify(engine)


@pytest.mark.parametrize("force", ["kent", "lancashire", "surrey"])
@pytest.mark.parametrize(
    ("target", "canaries"),
    [(CRIME, OF_CRIME), (VICTIM, OF_VICTIM), (SUSPECT, OF_SUSPECT)],
    ids=["crime", "victim", "suspect"],
)
def test_nothing_of_it_is_left(home, force, target, canaries):
    """In layouts of one table and of several, of CSV and of workbooks."""
    land(home, force)
    take_in(home)
    before = rows(home, force)
    gone = gone_of(force)
    assert gone in str(before)
    canaries = [gone if text == GONE else text for text in canaries]
    there = where(home.root, *canaries)
    assert there
    target = Target(target.kind, force, gone, target.person_reference)
    erase(home, target)
    assert where(home.root, *there) == {}
    after = rows(home, force)
    for kind in RECORD_TYPES:
        left = [
            row
            for row in before[kind]
            if row["crime_reference"] != gone
            or (target.kind != "crime" and row.get(f"{target.kind}_reference") != target.person_reference)
            or (target.kind != "crime" and kind != f"{target.kind}s")
        ]
        blank = ("summary", "victim_reference", "relationship") if target.kind != "crime" else ()
        assert [{k: v for k, v in row.items() if k not in blank} for row in after[kind]] == [
            {k: v for k, v in row.items() if k not in blank} for row in left
        ]
    assert sound(home) == []
    # nothing comes back by the next run
    take_in(home)
    assert kept.make_again(home) == []
    assert where(home.root, *there) == {}
    assert sound(home) == []


def test_two_erasures_in_one_return(home):
    """What took the place of the original is replaced in its turn."""
    land(home)
    take_in(home)
    erase(home, VICTIM)
    erase(home, CRIME)
    assert where(home.root, *OF_CRIME) == {}
    assert sound(home) == []
    raw.records_file(home, "crimes", QUARTER, "kent", 1).unlink()
    assert "put back from the archive" in str(kept.make_again(home))
    assert sound(home) == []
    assert len(rows(home)["crimes"]) == 2


def test_the_other_force_of_a_joint_delivery_is_as_it_was(home):
    of = records("norfolk-and-suffolk")
    for kind in of:
        of[kind] += [
            {**row, "crime_reference": row["crime_reference"].replace("36/", "37/")} for row in of[kind]
        ]
    land(home, "norfolk-and-suffolk", of=of)
    take_in(home)
    before = rows(home, "suffolk")
    gone = gone_of("norfolk-and-suffolk")
    erase(home, Target("crime", "norfolk", gone))
    assert rows(home, "suffolk") == before and len(before["crimes"]) == 3
    assert where(home.root, gone) == {}
    assert sound(home) == []
    for kind in RECORD_TYPES:
        raw.records_file(home, kind, QUARTER, "suffolk", 1).unlink()
    assert len(kept.make_again(home)) == 1
    assert rows(home, "suffolk") == before


def test_the_same_bytes_are_not_taken_in_again(home):
    (file,) = land(home).values()
    content = file.read_bytes()
    take_in(home)
    erase(home, CRIME)
    again = file.parent / "2" / file.name
    again.parent.mkdir()
    again.write_bytes(content)
    refused = [one for one in take_in(home) if one.status == "refused"]
    assert len(refused) == 1 and refused[0].reasons[0].startswith("FL48")
    assert not again.exists(), "nor left in landing"
    assert where(home.root, *OF_CRIME) == {}
    (first, last) = submissions(home)
    assert (first["status"], first["crimes"], last["status"]) == ("accepted", 2, "refused")


@pytest.mark.parametrize(("reason", "crimes"), [("request_granted", 2), ("not_accurate", 3)])
def test_a_later_return_that_has_the_record_again(home, reason, crimes):
    """It is taken out and remarked on, or taken in, by the reason for which it was erased."""
    land(home)
    take_in(home)
    erase(home, CRIME, Decision("DPO", reason))
    later = records()
    later["crimes"][0]["outcome_code"] = "16"
    land(home, delivery="2", of=later)
    take_in(home)
    (_, second) = submissions(home)
    assert (second["status"], second["crimes"]) == ("accepted", crimes)
    assert any("FL49" in one for one in second["reasons"]) == (crimes == 2)
    assert (where(home.root, *OF_CRIME) == {}) == (crimes == 2)
    assert sound(home) == []
    assert [one.new for one in take_in(home)] in ([], [False]), "and stays so"
    assert submissions(home)[1] == second


def test_a_refused_file_that_holds_it_goes(home):
    """Of another force's return in the wrong folder too, and of a folder that is no force's."""
    land(home)
    take_in(home)
    (wrong,) = land(home, delivery="2").values()
    wrong.write_bytes(wrong.read_bytes().replace(b"LocalID", b"Local"))
    nobodys = home.landing / QUARTER / "kentt" / wrong.name
    nobodys.parent.mkdir()
    nobodys.write_bytes(wrong.read_bytes() + b"\n")
    take_in(home)
    assert len(where(home.root / "archive", GONE)[GONE]) == 3
    erase(home, CRIME)
    assert where(home.root, *OF_CRIME) == {}
    assert sound(home) == []


@pytest.mark.parametrize("status", ["accepted", "refused"])
def test_a_submission_sent_in_error(home, status):
    first = records()
    del first["crimes"][1]
    first = {kind: [row for row in of if row["crime_reference"] != GONE] for kind, of in first.items()}
    land(home, of=first)
    take_in(home)
    before = rows(home)
    (wrong,) = land(home, delivery="CANARYFOLDER").values()
    if status == "refused":
        wrong.write_bytes(wrong.read_bytes().replace(b"LocalID", b"CANARYHEADING"))
    wrong = wrong.rename(wrong.with_name("CANARYNAME.csv"))
    (wrong.parent / "explanations.csv").write_text(
        f"rule,crime_reference,explanation\nCR13,{GONE},CANARYTOLD\n"
    )
    take_in(home)
    assert [row["status"] for row in submissions(home)] == ["accepted", status]
    erase(home, Target("submission", "kent", quarter=QUARTER, submission=2))
    left = where(home.root, *OF_CRIME, "CANARYNAME", "CANARYHEADING", "CANARYTOLD", "CANARYFOLDER")
    # the folder itself is the force's, and empty
    assert left in ({}, {"CANARYFOLDER": {"landing/2023-Q1/kent/CANARYFOLDER"}})
    assert [(row["status"], row["crimes"]) for row in submissions(home)] == [("accepted", 2), ("refused", 0)]
    assert rows(home) == before and sound(home) == []
    take_in(home)
    assert len(submissions(home)) == 2


def test_bytes_of_no_submission(home):
    (file,) = land(home).values()
    folder = home.landing / QUARTER / "kentt"
    file.parent.rename(folder)
    take_in(home)
    path = folder / file.name
    target_ = Target("file", files=digests(home, [str(path)]))
    erase(home, target_, Decision("DPO", "sent_in_error"))
    assert where(home.root, *OF_CRIME) == {}
    path.parent.mkdir(exist_ok=True)
    with pytest.raises(ErasureRefused, match="nothing of it"):
        erasing.plan(home, target_)


def test_what_was_shown_is_what_goes(home):
    land(home)
    take_in(home)
    digest = erasing.plan(home, CRIME).digest(Marks(home))
    more = records()
    more["crimes"][0]["outcome_code"] = "16"
    land(home, delivery="2", of=more)
    take_in(home)
    with pytest.raises(ErasureRefused, match="not what was shown"):
        erasing.erase(home, CRIME, DECIDED, digest)
    assert where(home.root, GONE)


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (Decision("", "request_granted"), "name who decided"),
        (Decision("DPO", "because"), "there is no reason"),
        (Decision("DPO", "request_granted", f"of {GONE}"), "has the reference in it"),
        (Decision(f"DPO on {GONE.lower()}", "request_granted"), "has the reference in it"),
        (Decision("DPO", "request_granted", "x" * 300), "300 letters"),
    ],
)
def test_a_decision_that_is_none(home, decision, says):
    with pytest.raises(ErasureRefused, match=says):
        decision.check(CRIME)


def test_the_tombstone_has_no_content_and_is_a_chain(home):
    land(home)
    take_in(home)
    erase(home, VICTIM)
    with ledger_of(home) as engine:
        (row,) = erasures.read(engine)
        gone = erasures.gone(engine, erasures.ARCHIVE)
    assert (row["authority"], row["reason"], row["kind"]) == (DECIDED.authority, "request_granted", "victim")
    assert row["ended_at"] and len(gone) == 1
    assert not any(text in str(row) for text in OF_VICTIM)
    with (
        ledger_of(home) as engine,
        engine.begin() as connection,
        erasures.writable(connection, tables.erasures),
    ):
        connection.execute(tables.erasures.update().values(authority="somebody else"))
    with ledger_of(home) as engine:
        assert "erasure 1" in str(erasures.verify(engine))


def test_a_home_restored_from_before_erases_again(home, tmp_path, monkeypatch):
    register = tmp_path / "keys" / "erasures.jsonl"
    register.parent.mkdir()
    monkeypatch.setenv("CPAI_ERASURES", str(register))
    land(home)
    take_in(home)
    token_key(home)
    shutil.copytree(home.root, tmp_path / "backup")
    erase(home, CRIME)
    assert not any(text in register.read_text() for text in OF_CRIME)
    restored, with_another_key = Home(tmp_path / "backup"), Home(tmp_path / "with_another_key")
    shutil.copytree(restored.root, with_another_key.root)
    (with_another_key.root / "token.key").write_text("0" * 64)
    with pytest.raises(KeyLost):
        erasing.again(with_another_key)
    assert where(restored.root, *OF_CRIME)
    with pytest.raises(erasures.ErasureDue, match="restored from a backup"):
        not_erased(restored)
    assert len(erasing.again(restored)) == 1
    assert where(restored.root, *OF_CRIME) == {}
    assert rows(restored) == rows(home) and sound(restored) == []
    not_erased(restored)


def test_the_chain_of_readings_holds_over_what_was_erased(home):
    land(home)
    take_in(home)
    reading = {
        "force": "kent",
        "version": "1",
        "role": "first",
        "reader": "reader-01",
        "reason": "CANARYREASON",
    }
    with ledger_of(home) as engine:
        add_readings(
            engine, [{**reading, "crime_reference": one} for one in ("46/1001/23", GONE, "46/1002/23")]
        )
        before = read_readings(engine)
    erase(home, CRIME)
    with ledger_of(home) as engine:
        after = read_readings(engine)
        assert verify(engine) == []
        assert [after[0], after[2]] == [before[0], before[2]]
        assert (after[1]["hash"], after[1]["previous_hash"]) == (
            before[1]["hash"],
            before[1]["previous_hash"],
        )
        assert {name for name, value in after[1].items() if value != before[1][name]} == {
            *("crime_reference", "version", "reader", "reason")
        }
        # what is left of it is kept by a hash of its own, and so is every other reading
        for row, says in ((1, "reading 2"), (0, "reading 1")):
            with writing(engine) as connection, erasures.writable(connection, tables.readings):
                key = tables.readings.c.reading_id == after[row]["reading_id"]
                connection.execute(tables.readings.update().where(key).values(criterion="cse"))
            assert says in str(verify(engine))


def test_of_a_person_the_reasons_go_unless_somebody_looked(home):
    land(home)
    take_in(home)
    reading = {
        "force": "kent",
        "crime_reference": GONE,
        "version": "1",
        "role": "first",
        "reason": "CANARYREASON",
    }
    with ledger_of(home) as engine:
        add_readings(engine, [{**reading, "criterion": "cse"}])
    erase(home, replace(SUSPECT, keeps_text=True))
    with ledger_of(home) as engine:
        assert read_readings(engine)[0]["reason"] == "CANARYREASON"
    assert rows(home)["crimes"][1]["summary"] == "CANARYSUMMARY was told"
    erase(home, VICTIM)
    with ledger_of(home) as engine:
        assert [(row["criterion"], row["reason"]) for row in read_readings(engine)] == [("cse", None)]
        assert verify(engine) == []
    assert where(home.root, *OF_VICTIM, *OF_SUSPECT, "CANARYREASON", "CANARYSUMMARY") == {}


def test_a_link_from_another_forces_crime_goes(home):
    land(home)
    of = records("surrey")
    of["crimes"][0] |= {
        "status": "cancelled",
        "cancellation_code": "C1",
        "linked_crime_reference": f"kent:{GONE}",
    }
    land(home, "surrey", of=of)
    take_in(home)
    assert rows(home, "surrey")["crimes"][0]["linked_crime_reference"] == f"kent:{GONE}"
    erase(home, CRIME)
    assert rows(home, "surrey")["crimes"][0]["linked_crime_reference"] is None
    assert len(rows(home, "surrey")["crimes"]) == 3
    assert where(home.root, GONE) == {} and sound(home) == []
