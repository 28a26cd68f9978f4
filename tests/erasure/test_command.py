"""`cpai erase` as it is typed: dry run, confirmation, the list, what other commands say meanwhile, what is due for review."""

import json
from datetime import date

import pytest
from by_command import said
from received import CRIME, GONE, OF_CRIME, land, take_in
from searched import where
from some import some

from orchestration.erasure import erasing, retention
from orchestration.erasure.retention import months_before
from orchestration.home import seed_rows
from orchestration.ledger.chain import verify
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import log_entries
from orchestration.strict_csv import NotRead

ERASE = (
    "erase",
    "crime",
    "--force",
    "kent",
    "--crime",
    GONE,
    "--authority",
    "DPO",
    "--reason",
    "request_granted",
)


@pytest.fixture
def run(home):
    land(home)
    take_in(home)

    def invoke(*words):
        return said(home, *words)

    return invoke


def test_a_dry_run_shows_and_changes_nothing(home, run):
    before = {
        path: path.read_bytes()
        for path in home.root.rglob("*")
        if path.is_file() and "ledger" not in path.name
    }
    shown = run(*ERASE)
    assert shown.exit_code == 0
    assert "1  raw: crimes" in shown.stdout and "2  raw: victims" in shown.stdout
    assert "nothing was erased" in shown.stdout
    for path in some(before):
        if path.name != "home.json":
            assert path.read_bytes() == before[path], path


def test_what_was_shown_is_erased_and_listed(home, run):
    digest = run(*ERASE).stdout.split("--confirm ")[1].strip()
    assert run(*ERASE, "--confirm", "0" * 16).exit_code == 2
    assert where(home.root, GONE)
    done = run(*ERASE, "--confirm", digest)
    assert done.exit_code == 0 and "erased, and written down" in done.stdout
    assert where(home.root, *OF_CRIME) == {}
    (row,) = json.loads(run("erase", "list", "--json").stdout)
    assert (row["kind"], row["force"], row["authority"], row["places"]["raw: crimes"]) == (
        "crime",
        "kent",
        "DPO",
        1,
    )
    assert GONE not in run("erase", "list").stdout
    with ledger_of(home) as engine, engine.connect() as connection:
        entries = connection.execute(log_entries.select()).mappings().all()
        assert [row["reason"] for row in entries if row["action"] == "erasure"] == ["request_granted"]
        assert verify(engine, table=log_entries) == []
    again = run(*ERASE)
    assert again.exit_code == 2 and "nothing of it is in this home" in again.output


def test_other_commands_stop_while_an_erasure_is_not_done(home, run, monkeypatch):
    digest = run(*ERASE).stdout.split("--confirm ")[1].strip()
    monkeypatch.setattr(erasing, "_received", lambda *_: 1 / 0)
    assert run(*ERASE, "--confirm", digest).exit_code == 1
    monkeypatch.undo()
    stopped = run("status")
    assert stopped.exit_code == 1 and "is not done" in stopped.output
    assert run("erase", "again").exit_code == 0
    assert run("status").exit_code == 0
    assert where(home.root, *OF_CRIME) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("erase", "crime", "--force", "kent", "--crime", "46/1/99", *ERASE[6:]),
            "nothing of it is in this home",
        ),
        (("erase", "submission", "2023-Q1", "kent", "7", *ERASE[6:]), "there is no submission 7"),
        (("erase", "file", "nowhere.csv", *ERASE[6:]), "neither a file nor the SHA-256"),
        (("erase", "person", "--force", "kent", "--crime", GONE, *ERASE[6:]), "name the person"),
    ],
)
def test_what_cannot_be_erased_is_told(run, words, says):
    told = run(*words)
    assert told.exit_code == 2 and says in told.output


def test_what_is_due_for_review(home, run):
    rows = {row["record_type"]: row for row in retention.schedule(home, date(2030, 1, 1))}
    assert rows["landed files"]["due_now"] == 1 and rows["returns accepted"]["due_now"] == 0
    assert rows["readings"]["oldest"] is None
    assert any("landed files (1" in sentence for sentence in retention.due(home, date(2030, 1, 1)))
    assert run("erase", "due").exit_code == 0
    (home.landing / "2023-Q1" / "kent" / "return.csv").unlink()
    assert not any("landed files" in sentence for sentence in retention.due(home, date(2030, 1, 1)))


def test_the_schedule_names_its_sources(monkeypatch, home, run):
    for row in some(seed_rows("retention.csv")):
        assert (
            row["source"]
            and row["decided_by"] == "programme decision"
            and int(row["review_after_months"]) > 0
        )
    monkeypatch.setattr(
        retention, "seed_rows", lambda _: [{"record_type": "letters", "review_after_months": "1"}]
    )
    with pytest.raises(NotRead, match="'letters' is no record type"):
        retention.schedule(home, date(2030, 1, 1))


def test_months():
    assert months_before(date(2024, 3, 31), 1) == date(2024, 2, 29)
    assert months_before(date(2024, 1, 15), -12) == date(2025, 1, 15)
    assert months_before(date(2024, 1, 15), 1) == date(2023, 12, 15)


def test_the_marks_are_the_crimes_however_it_is_written(home, run):
    target = CRIME.__class__("crime", "kent", f" {GONE.lower()} ")
    assert erasing.plan(home, target).places["raw: crimes"] == 1
