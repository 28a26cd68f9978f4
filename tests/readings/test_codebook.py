"""The codebook's rules: each is broken by one answer that breaks no other, at every door by the one function."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import pytest
from small_desk import NO, YES, Q, crime, desk_of
from sqlalchemy import select, text
from test_book import GOOD, place, written  # noqa: F401 - a home whose warehouse has two candidates

from orchestration.home import PACKAGE, Home, seed_rows
from orchestration.ledger import chain, tables
from orchestration.ledger.chain import add_readings, read_readings
from orchestration.ledger.opening import open_ledger
from orchestration.readings import codebook, pairs
from orchestration.readings.book import ReadingsRefused, import_readings
from orchestration.readings.desk import AgainstCodebook, DeskRefused
from orchestration.readings.policy import read_policy
from orchestration.readings.room import answer_form, care, guideline

VERSION = read_policy().codebook
SOUND = {
    "role": "first",
    "group_based": "yes",
    "network_definition": "no",
    "offenders_read": "2",
    "criterion": "other",
    "runner_up": "",
    "committed_by_children": "no",
    "facilitator_present": "no",
    "confidence": "high",
    "reason": "",
}
ALONE = {**SOUND, "group_based": "no", "offenders_read": "1", "criterion": ""}
UNSURE = {**ALONE, "group_based": "cannot_tell"}
CHILDREN = codebook.on_record([{"age_at_offence": 15}, {"age_at_offence": 14}])
ADULT = codebook.on_record([{"age_at_offence": 15}, {"age_at_offence": 34}])
SOME = codebook.on_record([{"age_at_offence": 15}, {"age_at_offence": None}])
BROKEN = {
    "CB01": ({**SOUND, "criterion": ""}, None),
    "CB02": ({**ALONE, "criterion": "other"}, None),
    "CB03": ({**SOUND, "runner_up": "other"}, None),
    "CB04": ({**ALONE, "runner_up": "cse"}, None),
    "CB05": ({**ALONE, "network_definition": "yes"}, None),
    "CB06": ({**SOUND, "offenders_read": "0"}, None),
    "CB07": ({**SOUND, "role": "adjudicator"}, None),
    "CB11": ({**ALONE, "offenders_read": "5"}, None),
    "CB12": ({**SOUND, "offenders_read": "1"}, None),
    "CB13": ({**UNSURE, "offenders_read": "2"}, None),
    "CB14": ({**UNSURE, "network_definition": "yes"}, None),
    "CB15": ({**ALONE, "facilitator_present": "yes"}, None),
    "CB16": ({**SOUND, "criterion": "unknown"}, None),
    "CB17": ({**SOUND, "committed_by_children": "yes", "facilitator_present": "yes"}, None),
    "CB18": ({**SOUND, "committed_by_children": "yes"}, ADULT),
    "CB19": (SOUND, CHILDREN),
}


def against(answer, record=None):
    found = [*codebook.refused(VERSION, answer), *codebook.asked(VERSION, answer, record)]
    return [rule.rule for rule in found]


def test_every_rule_has_an_answer_that_breaks_it():
    assert set(BROKEN) == {row["rule"] for row in seed_rows("codebook_rules.csv")}


@pytest.mark.parametrize("rule", BROKEN)
def test_an_answer_breaks_its_rule_and_no_other(rule):
    answer, record = BROKEN[rule]
    assert against(answer, record) == [rule]


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        (SOUND, None),
        (SOUND, ADULT),
        (SOUND, SOME),
        (ALONE, CHILDREN),
        ({**ALONE, "offenders_read": ""}, ADULT),
        ({**SOUND, "offenders_read": "3"}, CHILDREN),
        ({**SOUND, "facilitator_present": "yes"}, CHILDREN),
        ({**SOUND, "committed_by_children": "yes"}, SOME),
        ({**SOUND, "criterion": "unknown", "reason": "no place"}, None),
    ],
)
def test_a_sound_answer_breaks_none(answer, record):
    assert against(answer, record) == []


def test_a_rule_that_cannot_be_understood_says_which(monkeypatch):
    from orchestration.strict_csv import NotRead

    row = {**seed_rows("codebook_rules.csv")[0], "codebook": "x", "condition": "gruop_based = yes"}
    monkeypatch.setattr(codebook, "seed_rows", lambda _: [row])
    with pytest.raises(NotRead, match=r"codebook_rules\.csv, rule CB01: cannot be understood"):
        codebook.rules("x")


def test_every_question_has_its_part_of_the_codebook():
    parts = guideline.parts(VERSION)
    assert {one.name for one in answer_form.QUESTIONS} <= set(parts)
    assert "separate occasions" in parts["group_based"] and "<table>" in parts["criterion"]
    assert "separate occasions" not in parts["network_definition"] and "Facilitator" not in parts["criterion"]


class TestAtTheDesk:
    def test_a_contradiction_is_saved_only_when_kept_and_stays_with_the_reading(self, home):
        desk = desk_of(home, {"46/1/23": crime()})
        slot = desk.claim("reader-01").slot
        with pytest.raises(AgainstCodebook, match="yet two or more offenders"):
            desk.answer("reader-01", slot, replace(NO, offenders_read=5))
        with pytest.raises(DeskRefused, match="not group-based, answer no"):
            desk.answer("reader-01", slot, replace(NO, network_definition="yes"), keeps=["CB05"])
        reading = desk.answer("reader-01", slot, replace(NO, offenders_read=5), keeps=["CB11"]).reading
        with desk.engine.connect() as connection:
            (kept,) = connection.execute(select(tables.readings)).mappings()
        assert (kept["reading_id"], kept["checks"]) == (reading, "CB11")
        assert desk.verify_chain() == [] and "checks" in kept
        with desk.engine.connect() as connection:
            assert chain.hash_of({**kept, "checks": None}) != kept["hash"], "what was kept is in the chain"

    def test_what_was_kept_is_counted_beside_agreement_and_shown_to_who_settles(self, home):
        desk = desk_of(home, {"46/1/23": crime(), "46/2/23": crime()}, second_share=1.0)
        for reader, answer in (("reader-01", replace(YES, offenders_read=1)), ("reader-02", NO)):
            for _ in range(2):
                slot = desk.claim(reader).slot
                desk.answer(reader, slot, answer, keeps=["CB12"])
        with desk.engine.connect() as connection:
            rows = pairs.against(connection, desk.policy.codebook)
        found = {row["rule"]: row for row in rows}
        assert {name: found["CB12"][name] for name in ("readings", "pairs", "agreed")} == {
            "readings": 2,
            "pairs": 2,
            "agreed": 0,
        }
        assert (found[""]["readings"], found[""]["pairs"]) == (2, 0)
        case = desk.case("lead", desk.claim("lead", adjudicating=True).slot)
        assert {answer["checks"] for answer in case.answers} == {("CB12",), ()}

    def test_readings_from_before_stand_in_their_chain(self, home):
        """A ledger of the revision before, with a reading in it."""
        from orchestration.ledger.migrations import upgrade

        engine = open_ledger(home)
        add_readings(engine, [{"force": "kent", "crime_reference": "1", "version": "v", "role": "first"}])
        with engine.begin() as connection:
            connection.execute(text("alter table readings drop column checks"))
            later_tables = "homes second_factor_uses second_factors log_entries erased erasure_ends erasures"
            for later in (
                *later_tables.split(),
                *("recorded_crime_releases", "evidence", "signers", "waiver_signatures"),
            ):
                connection.execute(text(f"drop table {later}"))
            connection.execute(text("drop index sign_ins_by_time"))
            columns = (
                "view integer primary key, username text, at text, page text, slot integer, item integer"
            )
            connection.execute(text(f"create table case_views ({columns})"))
            connection.execute(text("update alembic_version set version_num = '0006'"))
        engine.dispose()
        (home.root / "home.json").unlink()
        engine = open_ledger(home)
        add_readings(
            engine,
            [{"force": "kent", "crime_reference": "2", "version": "v", "role": "first", "checks": "CB11"}],
        )
        assert chain.verify(engine) == []
        with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
            connection.execute(text("update readings set checks = null"))
        engine.dispose()
        upgrade(engine.url)  # nothing left to do


class TestAtTheDoorForFiles:
    def test_a_contradiction_is_asked_about_kept_with_the_reading_and_asked_once(self, place):  # noqa: F811
        file = written(place, {**GOOD, "offenders_read": "1"})
        asked = []
        with pytest.raises(ReadingsRefused, match="import the file again and keep them"):
            import_readings(place, file, lambda _, sentences: asked.append(sentences) or False)
        assert asked == [
            [
                "row 2: Group-based, yet one offender: a group is two or more, identified or not, facilitators included."
            ]
        ]
        assert import_readings(place, file).against == 1
        (kept,) = read_readings(open_ledger(place))
        assert kept["checks"] == "CB12"
        assert import_readings(place, file, lambda *_: pytest.fail("asked twice")).already == 1

    @pytest.mark.parametrize(("typed", "kept"), [("\n", 1), ("n\n", 0)])
    def test_at_a_terminal_enter_keeps_it(self, place, typed, kept):  # noqa: F811
        file = written(place, {**GOOD, "offenders_read": "1"})
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", "from orchestration.command import main; main()"]
        with subprocess.Popen(
            [*command, "--home", str(place.root), "read", "import", str(file)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=PACKAGE.parent,
        ) as started:
            os.close(theirs)
            said = b""
            while b"Enter keeps" not in said:
                said += os.read(ours, 1024)
            assert b"yet one offender" in said
            os.write(ours, typed.encode())
            with contextlib.suppress(OSError):
                while said := os.read(ours, 1024):
                    pass
            assert started.wait(60) == 1 - kept
        os.close(ours)
        assert len(read_readings(open_ledger(place))) == kept

    def test_what_one_answer_excludes_is_refused(self, place):  # noqa: F811
        alone = {**GOOD, "group_based": "no", "criterion": "", "offenders_read": "1"}
        with pytest.raises(ReadingsRefused, match="where a crime is not group-based, answer no"):
            import_readings(place, written(place, {**alone, "network_definition": "yes"}))
        assert import_readings(place, written(place, {**alone, "network_definition": ""})).added == 1

    def test_what_the_record_says_is_judged_at_this_door_too(self, place, monkeypatch):  # noqa: F811
        from orchestration.readings import book

        suspects = json.dumps([{"age_at_offence": 34}])
        monkeypatch.setattr(
            book, "suspects_of", lambda *_: {("kent", GOOD["crime_reference"], "v1"): suspects}
        )
        imported = import_readings(place, written(place, {**GOOD, "committed_by_children": "yes"}))
        assert imported.against == 1


def test_a_case_names_its_local_authority(home: Home):
    desk = desk_of(
        home, {"46/1/23": crime(local_authority="E07000106"), "46/2/23": crime(local_authority="EX")}
    )
    slots = desk.claim_many("reader-01", Q, False, 30, 2)
    shown = {desk.case("reader-01", slot.slot).fields["local_authority"] for slot in slots}
    assert shown == {"Canterbury (E07000106)", "EX, which is in no list of authorities"}


def test_an_offence_warns_by_its_code_else_by_its_class():
    assert care.warnings("20/4") == ("The record may describe assault by penetration of a girl under 13.",)
    assert care.warnings("19/16") == care.warnings("19E") != ()
    assert care.warnings("99/99") == ()
    codes = {row["offence_code"] for row in seed_rows("offences.csv")}
    classes = {row["offence_class"] for row in seed_rows("offences.csv")}
    assert {row["offence_code"] for row in seed_rows("reading_warnings.csv")} <= codes | classes
    assert {row["force"] for row in seed_rows("local_authorities.csv")} <= {
        row["force"] for row in seed_rows("forces.csv")
    }
