"""An erasure killed (SIGKILL) at any of its steps is finished by the same command, or by `again`; until then it says that
it is not done."""

import multiprocessing
import shutil
import signal

import pytest
from erasing_until_killed import erase_until_killed
from received import CRIME, DECIDED, OF_CRIME, OF_VICTIM, VICTIM, land, records, take_in
from searched import where
from test_received import rows, sound, submissions

from orchestration.command.asked import not_erased
from orchestration.erasure import erasing
from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger import erasures, evidence
from orchestration.ledger.chain import add_readings, verify
from orchestration.ledger.erasures import Marks
from orchestration.ledger.opening import ledger_of

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["orchestration.erasure.erasing"])
CANARIES = {CRIME: OF_CRIME, VICTIM: OF_VICTIM}


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory):
    """A home with two returns that have the crime, a refused one that has it, a copy, and a reading of it."""
    home = Home(tmp_path_factory.mktemp("taken_in") / "home")
    token_key(home)
    land(home)
    take_in(home)
    later = records()
    later["crimes"][0]["outcome_code"] = "16"
    land(home, delivery="2", of=later)
    (refused,) = land(home, delivery="3").values()
    refused.write_bytes(refused.read_bytes().replace(b"LocalID", b"Local"))
    take_in(home)
    (home.root / "exported.csv").write_text(f"kent,{CRIME.crime_reference},CANARYSUMMARY\n")
    reading = {"force": "kent", "crime_reference": CRIME.crime_reference, "version": "1", "role": "first"}
    with ledger_of(home) as engine:
        add_readings(
            engine,
            [{**reading, "reason": "CANARYSUMMARY read"}, {**reading, "crime_reference": "46/1001/23"}],
        )
    return home


@pytest.fixture
def new_home(taken_in, tmp_path_factory):
    def make():
        home = Home(tmp_path_factory.mktemp("killed") / "home")
        shutil.copytree(taken_in.root, home.root)
        return home

    return make


def killed(home, target, digest, at=None):
    heard, said = processes.Pipe(duplex=False)
    process = processes.Process(target=erase_until_killed, args=(home, target, digest, at, said))
    process.start()
    process.join(120)
    return process.exitcode, heard.recv() if heard.poll() else None


def assert_is_finished(home, target, at, again):
    digest = erasing.plan(home, target).digest(Marks(home))
    ended, steps = killed(home, target, digest, at)
    assert (ended, steps) == (-signal.SIGKILL, None)
    with ledger_of(home) as engine:
        begun = erasures.read(engine)
    if begun and not begun[0]["ended_at"]:
        with pytest.raises(erasures.ErasureDue, match="is not done"):
            not_erased(home)
    register = erasures.register_of(home)
    registered = register.exists() and bool(erasures.read_register(register))
    if registered and not begun:
        # between the register and the ledger: the register says that something is due
        with pytest.raises(erasures.ErasureDue, match="are not in this ledger"):
            not_erased(home)
    if (again and begun) or (registered and not begun):
        erasing.again(home)
    elif not (begun and begun[0]["ended_at"]):
        erasing.erase(home, target, DECIDED, digest)
    assert where(home.root, *CANARIES[target]) == {}, f"killed before step {at}"
    assert len(rows(home)["crimes"]) == (2 if target is CRIME else 3)
    assert rows(home, number=2)["crimes"] == [
        row | {"submission": 2, "outcome_code": "16" if n == 0 else row["outcome_code"]}
        for n, row in enumerate(rows(home)["crimes"])
    ]
    assert sound(home) == []
    not_erased(home)
    with ledger_of(home) as engine:
        assert verify(engine) == [] and len(erasures.read(engine)) == 1
        assert evidence.problems(engine, home) == []
    take_in(home)
    assert [row["status"] for row in submissions(home)] == ["accepted", "accepted", "refused"]
    assert where(home.root, *CANARIES[target]) == {}
    shutil.rmtree(home.root, ignore_errors=True)


def steps_of(home, target):
    ended, steps = killed(home, target, erasing.plan(home, target).digest(Marks(home)))
    assert ended == 0 and steps > 60
    return steps


@pytest.mark.parametrize("target", [CRIME, VICTIM], ids=["crime", "victim"])
def test_killed_at_steps_spread_over_the_erasure(new_home, target):
    steps = steps_of(new_home(), target)
    for number, at in enumerate(range(1, steps + 1, steps // 5)):
        assert_is_finished(new_home(), target, at, again=number % 2)


@pytest.mark.proof
@pytest.mark.parametrize("again", [False, True])
def test_killed_at_every_step(new_home, again):
    for at in range(1, steps_of(new_home(), CRIME) + 1):
        assert_is_finished(new_home(), CRIME, at, again)


def test_a_run_that_is_killed_while_it_takes_out_what_came_again(home):
    """`cpai run` finishes it: raw that was not written down is made again from the original, and taken out again."""
    land(home)
    take_in(home)
    digest = erasing.plan(home, CRIME).digest(Marks(home))
    erasing.erase(home, CRIME, DECIDED, digest)
    later = records()
    later["crimes"][0]["outcome_code"] = "16"
    land(home, delivery="2", of=later)
    from orchestration.returns import erased, kept

    cut = pytest.MonkeyPatch()
    cut.setattr(erased, "replace_originals", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take_in(home)
    cut.undo()
    kept.make_again(home)
    take_in(home)
    assert where(home.root, *OF_CRIME) == {}
    assert sound(home) == []
    assert submissions(home)[1]["crimes"] == 2 and len(submissions(home)[1]["reasons"]) == 1
