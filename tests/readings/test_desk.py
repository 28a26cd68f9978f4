"""Who reads what, what they are shown, and what their answers settle."""

import stat
import threading
from dataclasses import replace

import pytest
from small_desk import CSE, NO, UNKNOWN, YES, Clock, Q, build, crime, desk_of, read_all, states
from sqlalchemy import select, text

from orchestration.keys import token_key
from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings import oversight, pairs
from orchestration.readings.desk import Desk, DeskRefused
from orchestration.readings.policy import drawn, read_policy
from orchestration.readings.worklist import Synced, cases_file


def several(count):
    return {f"46/{number}/23": crime() for number in range(count)}


def test_a_case_is_read_once_unless_it_says_otherwise(home):
    desk = desk_of(home, several(3))
    assert read_all(desk, "reader-01", YES) == 3
    assert states(desk) == dict(
        items=3, read=3, to_adjudicate=0, settled=3, unread=0, second_due=0, retired=0
    )


@pytest.mark.parametrize(
    ("answer", "policy"),
    [
        (CSE, {}),
        (UNKNOWN, {}),
        (replace(YES, criterion="ritualistic"), {}),
        (replace(NO, confidence="low"), {}),
        (YES, {"new_reader_readings": 1}),
        (YES, {"second_share": 1.0}),
    ],
)
def test_what_is_read_by_two(home, answer, policy):
    desk = desk_of(home, several(1), **policy)
    assert read_all(desk, "reader-01", answer) == 1
    assert states(desk)["second_due"] == 1
    assert desk.claim("reader-01") is None, "nobody reads a case twice"
    assert read_all(desk, "reader-02", answer) == 1
    assert states(desk)["settled"] == 1


def by_two(desk):
    with desk.engine.connect() as connection:
        return pairs.of(connection)


def test_a_disagreement_goes_to_a_third_who_sees_both_answers_and_gives_a_reason(home):
    desk = desk_of(home, several(1))
    read_all(desk, "reader-01", CSE)
    read_all(desk, "reader-02", YES)
    (waiting,) = oversight.disagreements(desk.engine, Q)
    assert waiting["differ_on"] == ["criterion"]
    assert desk.claim("reader-03") is None and desk.claim("reader-01", adjudicating=True) is None
    slot = desk.claim("lead", adjudicating=True)
    case = desk.case("lead", slot.slot)
    assert [answer["criterion"] for answer in case.answers] == ["cse", "other"]
    assert not {"reader", "read_at"} & set(case.answers[0])
    with pytest.raises(DeskRefused, match="must give a reason"):
        desk.answer("lead", slot.slot, CSE)
    assert desk.answer("lead", slot.slot, replace(CSE, reason="R3")).state == "settled"
    assert pairs.counts(by_two(desk)) == {
        "read_by_two": 1,
        "agreed": 0,
        "group_based": 1,
        "criterion": 0,
        "committed_by_children": 1,
    }


def test_agreement_beyond_chance_is_what_the_marts_measure(home):
    desk = desk_of(home, several(40), second_share=1.0)
    for number in range(40):
        one = CSE if number % 2 else YES
        desk.answer("reader-01", desk.claim("reader-01").slot, one)
        desk.answer("reader-02", desk.claim("reader-02").slot, YES if number == 1 else one)
    rows = {row["question"]: row for row in pairs.measured(by_two(desk))}
    assert {name: (row["pairs"], row["agreed"]) for name, row in rows.items()} == {
        "group_based": (40, 40),
        "criterion": (40, 39),
        "committed_by_children": (40, 40),
    }
    # 19 cse beside cse, 20 other beside other, one of each: alpha is 1 - 79 * 2 / (2 * 39 * 41)
    assert rows["criterion"]["alpha"] == pytest.approx(1 - 79 * 2 / (2 * 39 * 41))
    assert rows["criterion"]["alpha_low"] < rows["criterion"]["alpha"] <= rows["criterion"]["alpha_high"]
    assert rows["criterion"]["verdict"] == "reliable"


def test_a_second_reader_cannot_tell_that_they_are_one(home):
    desk = desk_of(home, {"46/1/23": crime()})
    first = desk.claim("reader-01")
    shown = desk.case("reader-01", first.slot)
    desk.answer("reader-01", first.slot, CSE)
    second = desk.claim("reader-02")
    again = desk.case("reader-02", second.slot)
    assert (first.role, second.role) == ("reader", "reader")
    assert replace(again, slot=first.slot) == shown and again.answers == ()


def test_a_case_shows_the_record_and_never_the_forces_flags(home):
    desk = desk_of(home, {"46/1/23": crime(location_type="park")})
    case = desk.case("reader-01", desk.claim("reader-01").slot)
    assert case.fields["location_type"] == "park" and case.fields["offence"] == "An offence"
    assert case.fields["victims"] == [{"age_at_offence": 14, "gender": "F"}]
    assert case.summary == "coded summary v1"
    assert not {"cse_flag", "children_flag", "csa_flag"} & set(case.fields)


def test_what_readers_are_shown_is_the_owners_alone(home):
    desk_of(home, several(1))
    assert stat.S_IMODE(cases_file(home, Q).stat().st_mode) == 0o600
    assert stat.S_IMODE(cases_file(home, Q).parent.stat().st_mode) == 0o700


def test_only_the_holder_sees_and_answers_a_case(home):
    clock = Clock()
    desk = desk_of(home, several(2), clock)
    slot = desk.claim("reader-01")
    assert desk.claim("reader-01").slot == slot.slot
    other = desk.claim("reader-02")
    assert other.slot != slot.slot and desk.claim("reader-03") is None
    for act in (lambda: desk.case("reader-02", slot.slot), lambda: desk.answer("reader-02", slot.slot, YES)):
        with pytest.raises(DeskRefused, match="not yours"):
            act()
    clock.on(minutes=desk.policy.claim_minutes + 1)
    assert desk.claim("reader-03").slot == slot.slot, "a claim lapses"
    with pytest.raises(DeskRefused, match="not yours"):
        desk.answer("reader-01", slot.slot, YES)
    assert desk.answer("reader-02", other.slot, YES).state == "settled", "lapsed, but nobody else took it"
    with pytest.raises(DeskRefused, match="has been answered"):
        desk.answer("reader-02", other.slot, YES)


def test_the_cap_and_a_break(home):
    clock = Clock()
    desk = desk_of(home, several(5), clock, daily_cap=2)
    slot = desk.claim("reader-01")
    desk.pause("reader-01", True)
    assert desk.queue("reader-01").paused
    with pytest.raises(DeskRefused, match="on a break"):
        desk.claim("reader-01")
    assert desk.claim("reader-02").slot == slot.slot, "what one on a break held goes back"
    desk.pause("reader-01", False)
    for _ in range(2):
        desk.answer("reader-01", desk.claim("reader-01").slot, YES)
    assert desk.queue("reader-01").read_today == 2
    with pytest.raises(DeskRefused, match="2 readings are done"):
        desk.claim("reader-01")
    clock.on(days=1)
    assert desk.claim("reader-01")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (replace(YES, criterion="gang"), "criterion must be one of"),
        (replace(YES, criterion=""), "criterion is given when"),
        (replace(YES, committed_by_children="not_collected"), "must be yes or no"),
        (replace(YES, facilitator_present="perhaps"), "facilitator_present must be"),
    ],
)
def test_an_answer_out_of_list_is_refused(home, answer, says):
    desk = desk_of(home, several(1))
    slot = desk.claim("reader-01")
    with pytest.raises(DeskRefused, match=says):
        desk.answer("reader-01", slot.slot, answer)
    assert desk.answer("reader-01", slot.slot, YES).state == "settled"


def test_a_correction_is_a_new_reading_and_may_ask_for_a_second(home):
    desk = desk_of(home, several(1))
    first = desk.answer("reader-01", desk.claim("reader-01").slot, YES)
    with pytest.raises(DeskRefused, match="only the reader"):
        desk.correct("reader-02", first.reading, CSE)
    with pytest.raises(DeskRefused, match="has a reason"):
        desk.correct("reader-01", first.reading, CSE)
    why = replace(CSE, reason="R4")
    desk.pause("reader-01", True)
    with pytest.raises(DeskRefused, match="on a break"):
        desk.correct("reader-01", first.reading, why)
    desk.pause("reader-01", False)
    corrected = desk.correct("reader-01", first.reading, why)
    assert corrected.state == "second"
    with pytest.raises(DeskRefused, match="corrected already"):
        desk.correct("reader-01", first.reading, YES)
    history = oversight.history(desk.engine, 1)
    assert [row["corrects"] for row in history["readings"]] == [None, first.reading]
    assert desk.verify_chain() == []


def test_a_reader_finds_their_own_answers_and_no_others(home):
    desk = desk_of(home, several(2))
    mine = desk.answer("reader-01", desk.claim("reader-01").slot, CSE)
    desk.answer("reader-02", desk.claim("reader-02").slot, YES)
    (row,) = desk.own_readings("reader-01")
    case, said = desk.own_reading("reader-01", mine.reading)
    assert (row["reading_id"], row["crime_reference"]) == (mine.reading, case.crime_reference)
    assert said == CSE and case.answers == () and case.role == "reader"
    with pytest.raises(DeskRefused, match="only the reader"):
        desk.own_reading("reader-02", mine.reading)
    build(home, {name: crime("v2", 2) for name in several(2)})
    desk.sync()
    assert desk.own_readings("reader-01") == [], "a crime that has changed is read anew"
    with pytest.raises(DeskRefused, match="has changed since"):
        desk.own_reading("reader-01", mine.reading)


def test_an_adjudicator_corrects_beside_both_answers(home):
    desk = desk_of(home, several(1))
    read_all(desk, "reader-01", CSE)
    read_all(desk, "reader-02", YES)
    settled = desk.answer("judge", desk.claim("judge", adjudicating=True).slot, replace(CSE, reason="R3"))
    case, _ = desk.own_reading("judge", settled.reading)
    assert case.role == "adjudicator" and [answer["criterion"] for answer in case.answers] == ["cse", "other"]
    assert desk.correct("judge", settled.reading, replace(YES, reason="R5")).state == "settled"


def test_linked_crimes_stand_beside_the_case_and_say_nothing_of_their_reading(home):
    desk = desk_of(home, {"one": crime(links=["two"]), "two": crime(), "alone": crime()})
    cases = {}
    while slot := desk.claim("reader-01"):
        case = desk.case("reader-01", slot.slot)
        cases[case.crime_reference] = case.fields["linked_crimes"]
        desk.answer("reader-01", slot.slot, YES)
    assert cases["two"] == cases["alone"] == []
    (linked,) = cases["one"]
    assert (linked["crime_reference"], linked["offence"], linked["suspect_rows"]) == ("two", "An offence", 2)
    assert not {"criterion", "group_based", "cse_flag", "children_flag", "summary"} & set(linked)


def test_cases_from_before_links_were_shown_stand(home):
    import pyarrow.parquet as pq

    desk = desk_of(home, {"one": crime(), "linked": crime()})
    read_all(desk, "reader-01", YES)
    file = cases_file(home, Q)
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns("linked_crimes"), file)
    build(home, {"one": crime(), "linked": crime(links=["one"])})
    assert desk.sync() == Synced(changed_elsewhere=1)
    assert desk.own_readings("reader-01")[0]["group_based"] == "yes"


def slots_of(desk, reader, cases=100):
    return desk.claim_many(reader, None, False, 30, cases)


def with_gold(home, count, **policy):
    """A desk whose cases are all settled, three of them gold items, with `count` new ones to read."""
    desk = desk_of(home, several(5))
    desk.gold = [("kent", f"46/{number}/23", "v1") for number in range(3)]
    read_all(desk, "reader-01", YES)
    build(home, {**several(5), **{f"new {number}": crime() for number in range(count)}})
    desk.sync()
    desk.policy = replace(desk.policy, **policy)
    return desk


def test_a_reader_is_given_gold_items_and_cannot_tell(home):
    desk = with_gold(home, 40, gold_share=0.2)
    (waiting,) = desk.queue("reader-02").waiting
    assert waiting["cases"] == 43, "they count as cases that wait"
    assert desk.queue("reader-01").waiting[0]["cases"] == 40, (
        "who has read one in earnest is not given it again"
    )
    gold, left = [], waiting["cases"]
    while slot := desk.claim("reader-02"):
        case = desk.case("reader-02", slot.slot)
        assert (slot.role, case.role) == ("reader", "reader")
        said = desk.answer("reader-02", slot.slot, NO)
        gold += [said.reading] * (not case.crime_reference.startswith("new"))
        left -= 1
        assert sum(row["cases"] for row in desk.queue("reader-02").waiting) == left
    assert len(gold) == 3 and max(gold) - min(gold) > 2, "among the others"
    assert len({row["reading_id"] for row in desk.own_readings("reader-02")} & set(gold)) == 3
    assert states(desk)["settled"] == 45, "an answer to a gold item is none to its crime"
    with desk.engine.connect() as connection:
        standing = connection.execute(text("select role, count(*) from readings group by role")).all()
    assert dict(standing) == {"first": 45, "gold": 3}
    assert desk.correct("reader-02", gold[0], replace(YES, reason="R1")).state == "settled"
    assert desk.verify_chain() == []


def test_a_gold_item_that_is_given_back_comes_again_and_is_one_reading(home):
    clock = Clock()
    desk = with_gold(home, 1, gold_share=1.0)
    desk._now = clock
    slot = desk.claim("reader-02")
    assert desk.case("reader-02", slot.slot).crime_reference in {"46/0/23", "46/1/23", "46/2/23"}
    with pytest.raises(DeskRefused, match="not yours"):
        desk.case("reader-03", slot.slot)
    desk.pause("reader-02", True)
    with pytest.raises(DeskRefused, match="not yours"):
        desk.case("reader-02", slot.slot)
    desk.pause("reader-02", False)
    assert desk.claim("reader-02").slot == slot.slot == desk.queue("reader-02").held.slot
    desk.release("reader-02", slot.slot)
    assert desk.queue("reader-02").held is None and desk.claim("reader-02").slot == slot.slot
    desk.answer("reader-02", slot.slot, YES)
    with pytest.raises(DeskRefused, match="has been answered"):
        desk.answer("reader-02", slot.slot, YES)
    assert len(slots_of(desk, "reader-02")) == 3, "the other two and what waits"


def test_gold_items_are_read_only_once_they_are_settled_and_as_they_were_judged(home):
    desk = desk_of(home, several(3), gold_share=1.0)
    desk.gold = [("kent", f"46/{number}/23", "v1") for number in range(3)]
    assert len(slots_of(desk, "reader-01")) == 3, "in earnest: nobody has read them yet"
    desk.answer_many("reader-01", {slot.slot: YES for slot in slots_of(desk, "reader-01")}, "a file")
    assert len(slots_of(desk, "reader-02")) == 3
    build(home, {name: crime("v2", 2) for name in several(3)})
    desk.sync()
    assert {slot.quarter for slot in slots_of(desk, "reader-03")} == {Q} and len(
        slots_of(desk, "reader-03")
    ) == 3
    with desk.engine.connect() as connection:
        assert connection.scalar(text("select count(*) from gold_slots where reader = 'reader-03'")) == 0


def test_the_number_of_a_slot_tells_nothing(home):
    desk = desk_of(home, several(30))
    numbers = [slot.slot for slot in slots_of(desk, "reader-01", 30)]
    items = [
        row.item for row in desk.engine.connect().execute(text("select item from worklist order by slot"))
    ]
    assert len(set(numbers)) == 30 and items != sorted(items)


def test_the_worklist_follows_resubmissions(home):
    desk = desk_of(home, {name: crime() for name in ("else", "elsewhere", "gone", "same", "unread")})
    for _ in range(4):
        desk.answer("reader-01", desk.claim("reader-01").slot, YES)
    again = {
        "same": crime(submission=2),
        "elsewhere": crime(submission=2, location_type="school"),
        "else": crime("v2", 2),
        "unread": crime(submission=2),
        "new": crime(submission=2),
    }
    build(home, again)
    assert desk.sync() == Synced(new=2, carried_forward=1, changed_elsewhere=1, replaced=1, retired=1)
    assert desk.sync() == Synced()
    build(home, again)
    assert desk.sync() == Synced(), "the same build again changes nothing"
    assert states(desk) == dict(
        items=5, read=2, to_adjudicate=0, settled=2, unread=3, second_due=0, retired=1
    )
    events = {
        row["kind"]: row["fields"]
        for item in range(1, 6)
        for row in oversight.history(desk.engine, item)["events"]
    }
    assert events == {
        "carried_forward": None,
        "changed_elsewhere": "location_type",
        "replaced": "summary",
        "retired": None,
    }
    build(home, {"gone": crime(submission=3), **again})
    assert desk.sync() == Synced(returned=1)
    assert states(desk)["settled"] == 3, "a crime that comes back as it was keeps its reading"


def test_what_no_reader_is_shown_changed_elsewhere_and_asks_nobody_again(home):
    """Regression: an ethnicity that was filled in was reported as a reading carried forward."""
    desk = desk_of(home, {"filled": crime(), "same": crime()})
    read_all(desk, "reader-01", YES)
    again = {"filled": crime(submission=2, ethnicity="W1"), "same": crime(submission=2)}
    build(home, again)
    assert desk.sync() == Synced(carried_forward=1, changed_elsewhere=1)
    told = {
        row["kind"]: row["fields"]
        for item in (1, 2)
        for row in oversight.history(desk.engine, item)["events"]
    }
    assert told == {"changed_elsewhere": "victims_otherwise", "carried_forward": None}
    assert states(desk)["settled"] == 2
    build(home, again)
    assert desk.sync() == Synced()


def test_cases_from_before_digests_were_kept_stand(home):
    import pyarrow.parquet as pq

    from orchestration.readings.worklist import OTHERWISE

    desk = desk_of(home, {"one": crime(ethnicity="W1")})
    read_all(desk, "reader-01", YES)
    file = cases_file(home, Q)
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(list(OTHERWISE)), file)
    build(home, {"one": crime(ethnicity="W1")})
    assert desk.sync() == Synced()


def test_a_changed_case_shows_what_stood_there(home):
    desk = desk_of(home, {"one": crime()})
    read_all(desk, "reader-01", YES)
    build(home, {"one": crime("v2", 2)})
    desk.sync()
    case = desk.case("reader-01", desk.claim("reader-01").slot)
    assert case.changed == {"summary": "coded summary v1"} and case.summary == "coded summary v2"


def test_unknown_is_read_anew_when_its_record_says_more(home):
    desk = desk_of(home, {"unknown": crime(), "other": crime()})
    for reader in ("reader-01", "reader-02"):
        while slot := desk.claim(reader):
            reference = desk.case(reader, slot.slot).crime_reference
            desk.answer(reader, slot.slot, UNKNOWN if reference == "unknown" else YES)
    assert states(desk)["settled"] == 2
    build(home, {name: crime(submission=2, location_type="school") for name in ("unknown", "other")})
    assert desk.sync() == Synced(changed_elsewhere=1, requeued=1)
    assert states(desk)["unread"] == 1
    assert read_all(desk, "reader-01", YES) == 1, "who read it before may read it as it is now"
    assert states(desk)["settled"] == 2
    build(home, {name: crime(submission=3) for name in ("unknown", "other")})
    assert desk.sync() == Synced(changed_elsewhere=2)


def test_a_tampered_ledger_is_found(home):
    desk = desk_of(home, several(3))
    read_all(desk, "reader-01", YES)
    engine = open_ledger(home)
    with engine.begin() as connection:
        connection.execute(text("drop trigger readings_no_update"))
        connection.execute(text("drop trigger readings_no_delete"))
        connection.execute(text("update readings set criterion = 'cse' where reading_id = 2"))
    assert desk.verify_chain() == [
        "reading 2, of a crime of kent, is not as it was written; restore the ledger from a copy"
    ]
    with engine.begin() as connection:
        connection.execute(text("delete from readings where reading_id = 2"))
    assert desk.verify_chain() == [
        "reading 3, of a crime of kent, does not follow the one before it: one was taken out or put between; "
        "restore the ledger from a copy"
    ]


def test_the_draw_is_a_share_that_cannot_be_guessed_and_does_not_change():
    policy = read_policy()
    names = [f"crime {number}" for number in range(1000)]
    chosen = drawn(policy, "key", "2023-Q2|kent|suspect_rows", names)
    assert 100 <= len(chosen) <= 101
    assert drawn(policy, "key", "2023-Q2|kent|suspect_rows", reversed(names)) == chosen
    assert drawn(policy, "another", "2023-Q2|kent|suspect_rows", names) != chosen
    strata = [len(drawn(policy, "key", f"stratum {number}", ["only"])) for number in range(2000)]
    assert 140 < sum(strata) < 260, "a stratum of one is drawn in a tenth of cases"


def test_what_was_drawn_stays_drawn_when_the_key_is_changed(home, monkeypatch):
    def state(desk):
        with desk.engine.connect() as connection:
            drawn_now = {row.item: row.drawn for row in connection.execute(select(tables.items))}
            given = {row.item: row.slot for row in connection.execute(select(tables.reading_slots))}
        return drawn_now, given

    desk = desk_of(home, several(40), second_share=0.3)
    before = state(desk)
    assert 12 <= sum(before[0].values()) <= 13
    monkeypatch.setenv("CPAI_TOKEN_KEY_BEFORE", token_key(home))
    monkeypatch.setenv("CPAI_TOKEN_KEY", "another key of this test, as long as one has to be")
    desk = desk_of(home, several(40), second_share=0.3)
    assert state(desk) == before
    read_all(desk, "reader-01", YES)
    with desk.engine.connect() as connection:
        second = set(
            connection.scalars(
                select(tables.reading_slots.c.item).where(tables.reading_slots.c.role == "second")
            )
        )
    assert second == {item for item, was_drawn in before[0].items() if was_drawn}


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_no_two_readers_get_the_same_case(home, where, request):
    if where == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    desk_of(home, several(40))
    taken, wrong = [], []

    def reader(name):
        desk = Desk(home)
        desk.policy = replace(desk.policy, new_reader_readings=0, second_share=0.0)
        try:
            while slot := desk.claim(name):
                taken.append(slot.slot)
                desk.answer(name, slot.slot, YES)
        except Exception as problem:
            wrong.append(problem)
        desk.close()

    threads = [threading.Thread(target=reader, args=(f"reader-{number:02}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk = Desk(home)
    assert wrong == [] and len(taken) == len(set(taken)) == 40
    assert states(desk)["settled"] == 40 and desk.verify_chain() == []
