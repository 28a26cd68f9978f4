"""Readings, corrections, resubmissions and retirements in any order: each candidate stands in exactly one place, and
the COCAD is what a replay of the ledger in plain Python gives."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_desk import CSE, NO, UNKNOWN, YES, Clock, build, crime, desk_of
from sqlalchemy import select

from orchestration.home import Home
from orchestration.ledger import snapshots, tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings.desk import Desk, DeskRefused
from orchestration.warehouse import compiled

MODELS = ("stg_readings", "stg_reading_slots", "int_readings", "cocad_settled_readings", "cocad_unread")
CRIMES = ("one", "two", "three")
ANSWERS = (YES, NO, CSE, UNKNOWN)

resubmitted = st.tuples(
    st.just("resubmit"),
    st.dictionaries(
        st.sampled_from(CRIMES),
        st.tuples(st.sampled_from(["v1", "v2"]), st.sampled_from([None, "park", "a longer place"])),
    ),
)
read = st.tuples(st.just("read"), st.integers(1, 3), st.sampled_from(ANSWERS))
adjudicated = st.tuples(st.just("adjudicate"), st.just(9), st.sampled_from(ANSWERS))
corrected = st.tuples(st.just("correct"), st.integers(1, 6), st.sampled_from(ANSWERS))
waited = st.tuples(st.just("wait"))


@pytest.fixture(scope="module")
def models():
    """The SQL of the models of what is settled, as dbt compiles it."""
    return _Quiet(step for step in compiled.steps(MODELS) if step.name in MODELS)


class _Quiet(list):
    """A list that a failing example does not print."""

    def __repr__(self) -> str:
        return ", ".join(step.name for step in self)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A home whose three candidates wait to be read: making its ledger takes longer than the rest of an example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPAI_TOKEN_KEY", "a key of this test, as long as one has to be")
        patch.delenv("CPAI_LEDGER_URL", raising=False)
        home = Home(tmp_path_factory.mktemp("begun"))
        desk_of(home, {name: crime() for name in CRIMES}).close()
    return home.root


@settings(max_examples=12, deadline=None)
@given(
    happens=st.lists(st.one_of(resubmitted, read, read, read, adjudicated, corrected, waited), max_size=14)
)
def test_each_candidate_is_in_one_state_and_the_cocad_is_the_replays(models, begun, happens):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPAI_TOKEN_KEY", "a key of this test, as long as one has to be")
        patch.delenv("CPAI_LEDGER_URL", raising=False)
        home, clock = Home(Path(folder)), Clock()
        shutil.copytree(begun, home.root, dirs_exist_ok=True)
        candidates = {name: crime() for name in CRIMES}
        desk = Desk(home, clock)
        desk.policy = replace(desk.policy, new_reader_readings=0, second_share=0.0, gold_share=0.5)
        desk.gold = [("kent", "one", "v1")]  # a reading of it beside the others moves nothing
        for number, what in enumerate(happens, start=2):
            sent = happen(desk, clock, what, number)
            candidates = candidates if sent is None else sent
        assert desk.verify_chain() == []
        current, rows, replayed = replay(home)
        assert {reference for _, reference, _ in current} == set(candidates)
        assert len(current) == len(candidates), "a candidate in two places"
        assert rows == replayed
        settled, unread = from_models(home, models)
        cocad = {key for key, (state, answer) in current.items() if state == "settled" and answer == "yes"}
        assert {key for key, answer in settled.items() if answer == "yes"} == cocad
        assert set(settled) == {key for key, (state, _) in current.items() if state == "settled"}
        assert unread == {
            key: "adjudicator" if state == "adjudicator" else "reader"
            for key, (state, _) in current.items()
            if state != "settled"
        }
        desk.close()


def happen(desk: Desk, clock: Clock, what: tuple, number: int) -> dict[str, dict] | None:
    """Let one thing happen; the candidates when they were sent anew. What the desk refuses does not happen."""
    kind, *of = what
    if kind == "resubmit":
        candidates = {
            name: crime(version, number, location_type=place) for name, (version, place) in of[0].items()
        }
        build(desk.home, candidates)
        desk.sync()
        return candidates
    if kind == "wait":
        clock.on(minutes=40)
        return None
    try:
        if kind == "correct":
            history = select(tables.readings.c.reader).where(tables.readings.c.reading_id == of[0])
            with open_ledger(desk.home).connect() as connection:
                reader = connection.scalar(history)
            desk.correct(reader or "nobody", of[0], replace(of[1], reason="corrected"))
        elif slot := desk.claim(f"reader-{of[0]}", adjudicating=kind == "adjudicate"):
            desk.answer(f"reader-{of[0]}", slot.slot, of[1])
    except DeskRefused:
        pass
    return None


def replay(home: Home) -> tuple[dict, dict, dict]:
    """From what was appended alone: (state, group_based) of each current candidate; and each item's state as the
    worklist has it and as the replay has it."""
    with open_ledger(home).connect() as connection:
        items, slots, events, readings, worklist = (
            [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in (
                tables.items,
                tables.reading_slots,
                tables.reading_events,
                tables.readings,
                tables.worklist,
            )
        )
    corrected = {reading["corrects"] for reading in readings}
    current, states = {}, {}
    for item in items:
        ends = [
            event["kind"]
            for event in sorted(events, key=lambda event: event["event"])
            if event["item"] == item["item"] and event["kind"] in ("replaced", "retired", "returned")
        ]
        if ends and ends[-1] != "returned":
            states[item["item"]] = ends[-1]
            continue
        opened = [slot for slot in slots if slot["item"] == item["item"]]
        last = max(slot["round"] for slot in opened)
        said = {
            reading["role"]: reading
            for reading in readings
            if reading["reading_id"] not in corrected
            and reading["role"] != "gold"
            and reading["round"] == last
            and all(reading[name] == item[name] for name in ("force", "crime_reference", "version"))
        }
        by_two = any(slot["role"] == "second" and slot["round"] == last for slot in opened)
        state, answer = what_is_left(said, by_two)
        states[item["item"]] = state
        current[item["force"], item["crime_reference"], item["version"]] = (state, answer)
    return current, {row["item"]: row["state"] for row in worklist}, states


def what_is_left(said: dict[str, dict], by_two: bool) -> tuple[str, str | None]:
    if "adjudicator" in said:
        return "settled", said["adjudicator"]["group_based"]
    if not said:
        return "first", None
    first, second = said["first"], said.get("second")
    if second is None:
        return ("second", None) if by_two else ("settled", first["group_based"])
    same = all(first[name] == second[name] for name in ("group_based", "criterion", "committed_by_children"))
    return ("settled", first["group_based"]) if same else ("adjudicator", None)


def from_models(home: Home, models: list[compiled.Step]) -> tuple[dict, dict]:
    """group_based of each settled candidate, and who each unread one waits for, by the models."""
    engine = open_ledger(home)
    snapshots.write(engine, home)
    engine.dispose()
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        connection.execute("create schema staging; create schema intermediate; create schema cocad")
        connection.execute(f"attach '{home.warehouse}' as built (read_only)")
        connection.execute("create table cocad.cocad_candidates as from built.cocad.cocad_candidates")
        connection.execute(
            "create table cocad.cocad_reach as select distinct quarter from cocad.cocad_candidates"
        )
        connection.execute("set file_search_path = ?", [str(home.raw)])
        for step in models:
            connection.execute(f"create table {step.relation} as {step.sql}")
        key = "force, crime_reference, version"
        settled = connection.execute(
            f"select {key}, group_based from cocad.cocad_settled_readings"
        ).fetchall()
        unread = connection.execute(f"select {key}, waits_for from cocad.cocad_unread").fetchall()
    return {row[:3]: row[3] for row in settled}, {row[:3]: row[3] for row in unread}
