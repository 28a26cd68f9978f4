"""What was received is still there: raw files made again from the archive, what the gate finds of both."""

import dataclasses
import shutil
import sqlite3

import pyarrow.parquet as pq
import pytest
from built import tables_of
from click.testing import CliRunner
from test_intake import QUARTER, a_return, land, state
from written import crime, suspect, victim

from orchestration import gate
from orchestration.command import cpai
from orchestration.ledger.opening import open_ledger
from orchestration.returns import archive, kept, layouts
from orchestration.returns.intake import receive
from orchestration.returns.kept import CannotMakeAgain, make_again, raw_differs


def differs(home):
    engine = open_ledger(home)
    try:
        return raw_differs(home, engine)
    finally:
        engine.dispose()


def damaged():
    records = a_return("kent")
    records["victims"][0]["victim_reference"] = "V\u200b1"
    return records


@pytest.fixture
def received(home):
    """A return, one that replaced it, a joint one; a spreadsheet's damage among their records."""
    land(home, records=damaged())
    land(home, records=a_return("kent", 5), delivery="2")
    crimes = [crime(1, "36/{}/23"), crime(2, "37/{}/23")]
    land(
        home,
        "norfolk-and-suffolk",
        {"crimes": crimes, "victims": [victim(one) for one in crimes], "suspects": [suspect(crimes[1])]},
    )
    make_again(home)  # as a run does first
    receive(home, QUARTER)
    return home


def test_what_is_as_it_came_differs_in_nothing(received):
    assert differs(received) == []
    before = state(received)
    assert make_again(received) == []
    assert state(received) == before


def read_no_more(patch, left_out):
    """Layouts that read a column of crimes no more."""

    def edited(column):
        is_one = column.record_type == "crimes" and column.column == left_out
        return dataclasses.replace(column, record_type="", column="") if is_one else column

    def without(part):
        return dataclasses.replace(part, columns=tuple(map(edited, part.columns)))

    found = {
        name: dataclasses.replace(layout, parts=tuple(map(without, layout.parts)))
        for name, layout in layouts.all_layouts().items()
    }
    patch.setattr(kept, "all_layouts", lambda: found)


def sent(home, column):
    """By return, the cells of a column of crimes as they were read."""
    files = sorted((home.raw / "crimes" / QUARTER).glob("*.parquet"))
    return {file.stem: pq.read_table(file)[column].to_pylist() for file in files}


def test_a_changed_layout_has_its_returns_read_again_from_the_archive(received, monkeypatch):
    before = state(received)
    assert any(any(cells) for cells in sent(received, "status").values())
    with monkeypatch.context() as patch:
        read_no_more(patch, "status")
        lines = make_again(received)
        assert lines and all("has changed" in line for line in lines), lines
        assert not any(any(cells) for cells in sent(received, "status").values())
        assert differs(received) == []
        assert make_again(received) == []
    # and back, whatever has been read meanwhile
    assert len(make_again(received)) == len(lines)
    assert state(received)[0].keys() == before[0].keys()
    assert {name for name, sha256 in state(received)[0].items() if before[0][name] != sha256} <= {"ledger.db"}


def test_a_damaged_note_of_layouts_has_everything_read_again(received):
    before = state(received)
    note = received.raw / kept.LAYOUTS
    whole = note.read_bytes()
    for content in (b"", b"{", b"[]", b'"\xff"'):
        note.write_bytes(content)
        assert make_again(received) == []
        assert note.read_bytes() == whole
    assert state(received) == before


def test_a_damaged_original_under_a_changed_layout_is_said_and_read_once_it_is_back(received, monkeypatch):
    file = archived(received, received.landing / QUARTER / "kent" / "return.csv")
    data = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(data.replace(b"19E", b"19C"))
    before = sent(received, "status")["kent.1"]
    read_no_more(monkeypatch, "status")
    for _ in range(2):
        said = [line for line in make_again(received) if "kent submission 1" in line]
        assert len(said) == 1 and "were not read again" in said[0] and "from a backup" in said[0], said
        assert sent(received, "status")["kent.1"] == before
    file.write_bytes(data)
    assert any("kent submission 1" in line for line in make_again(received))
    assert not any(sent(received, "status")["kent.1"]) and make_again(received) == []


def test_of_a_layout_that_reads_no_such_records_any_more_what_was_read_stands(received, monkeypatch):
    before = sent(received, "crime_reference")
    read_no_more(monkeypatch, "crime_reference")
    lines = make_again(received)
    assert lines and all("what was read when it came stands" in line for line in lines), lines
    assert sent(received, "crime_reference") == before
    assert differs(received) == [] and make_again(received) == []


@pytest.mark.parametrize(
    ("file", "lost", "says"),
    [
        (
            "raw/crimes/2023-Q1/kent.2.parquet",
            False,
            "raw/crimes/2023-Q1/kent.2.parquet is not what was written",
        ),
        ("raw/victims/2023-Q1/norfolk.1.parquet", True, "raw/victims/2023-Q1/norfolk.1.parquet is missing"),
        ("raw/submissions.parquet", False, "raw/submissions.parquet is not what the ledger holds"),
        ("archive", False, "is damaged: its bytes are not those of its name"),
        ("archive", True, "is missing; restore it from a backup"),
    ],
)
def test_the_gate_is_shut_by_what_is_not_as_it_was_received(received, file, lost, says):
    received.warehouse.touch()
    assert gate.doubts(received) == []
    path = received.root / file
    if path.is_dir():
        path = next(one for one in sorted(path.rglob("*")) if one.is_file())
    path.chmod(0o644)
    if lost:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    (doubt,) = gate.doubts(received)
    assert says in doubt


def test_lost_raw_is_made_again_byte_for_byte(received):
    before = state(received)
    for folder in ("crimes", "victims", "suspects", "intake_findings", "as_sent"):
        shutil.rmtree(received.raw / folder / QUARTER)
    assert any("crimes/2023-Q1/kent.1.parquet is missing" in sentence for sentence in differs(received))
    said = make_again(received)
    receive(received, QUARTER)
    assert state(received) == before
    assert sorted(line.split(":")[0] for line in said) == [
        "2023-Q1 kent submission 1",
        "2023-Q1 kent submission 2",
        "2023-Q1 norfolk submission 1",
        "2023-Q1 suffolk submission 1",
    ]
    assert all("made again from the archive" in line for line in said)
    assert differs(received) == []


def test_a_raw_file_changed_by_hand_is_made_again(received):
    before = state(received)
    file = received.raw / "suspects" / QUARTER / "suffolk.1.parquet"
    shutil.copy(received.raw / "suspects" / QUARTER / "kent.2.parquet", file)
    (sentence,) = differs(received)
    assert sentence.startswith(
        "2023-Q1 suffolk submission 1: raw/suspects/2023-Q1/suffolk.1.parquet is not what"
    )
    (line,) = make_again(received)
    assert "suffolk submission 1: 1 raw files were missing or changed" in line
    assert state(received) == before


def test_raw_files_of_nobody_and_stale_snapshots_are_told(received):
    crimes = received.raw / "crimes"
    shutil.copy(crimes / QUARTER / "kent.2.parquet", crimes / QUARTER / "kent.2b.parquet")
    shutil.copy(crimes / QUARTER / "kent.2.parquet", crimes / "none" / "none.0.parquet")
    shutil.copy(crimes / QUARTER / "kent.2.parquet", received.raw / "submissions.parquet")
    assert differs(received) == [
        "raw/crimes/2023-Q1/kent.2b.parquet is of no submission in the ledger; remove it.",
        "raw/crimes/none/none.0.parquet holds records of nobody; remove it.",
        "raw/submissions.parquet is not what the ledger holds; run any quarter again.",
    ]


def archived(home, path):
    return archive.place(home.archive, archive.digest(path)[0])


def test_an_archived_file_that_is_lost_is_said_in_one_sentence(received):
    kept = archived(received, received.landing / QUARTER / "kent" / "return.csv")
    kept.unlink()
    shutil.rmtree(received.landing / QUARTER / "kent")  # else the next run would put it back
    (sentence,) = differs(received)
    assert sentence == (
        f"2023-Q1 kent submission 1: archive/{kept.parent.name}/{kept.name} is missing; "
        "restore it from a backup."
    )
    assert make_again(received) == [sentence]  # nothing needs it now
    (received.raw / "crimes" / QUARTER / "kent.1.parquet").unlink()
    with pytest.raises(
        CannotMakeAgain, match=r"kent submission 1: its raw files cannot be made again: .*is missing"
    ):
        make_again(received)


def test_an_archived_file_that_was_changed_is_said_and_not_read(received):
    kept = archived(received, received.landing / QUARTER / "kent" / "return.csv")
    kept.chmod(0o644)
    data = kept.read_bytes()
    kept.write_bytes(data.replace(b"19E", b"19C"))
    (sentence,) = differs(received)
    assert "is damaged: its bytes are not those of its name; restore it from a backup." in sentence
    (received.raw / "crimes" / QUARTER / "kent.1.parquet").unlink()
    with pytest.raises(CannotMakeAgain, match="its bytes are not those of its name"):
        make_again(received)
    kept.write_bytes(data)
    assert len(make_again(received)) == 1 and differs(received) == []


def forget(home, *tables):
    """The ledger as a version before these tables would have left it."""
    with sqlite3.connect(home.root / "ledger.db") as connection:
        for table in tables:
            connection.execute(f"drop trigger {table}_no_delete")
            connection.execute(f"delete from {table}")
    connection.close()


def test_what_came_before_hashes_were_kept_gets_them_at_the_next_run(received):
    before = state(received)
    forget(received, "raw_files")
    assert all("came before the ledger kept hashes" in sentence for sentence in differs(received))
    (received.raw / "victims" / QUARTER / "kent.2.parquet").unlink()
    said = make_again(received)
    assert len(said) == 2 and "of 3 submissions that came before the ledger kept their hashes" in said[1]
    assert state(received) == before and differs(received) == []


def test_folders_are_given_to_what_was_received_before_they_were_kept(received):
    before = state(received)
    forget(received, "submission_folders")
    assert [receipt.new for receipt in receive(received, QUARTER)] == [False] * 4
    assert state(received) == before
    land(received, records=damaged(), delivery="3")
    receipts = receive(received, QUARTER, "kent")
    assert [(receipt.submission, receipt.new) for receipt in receipts] == [(1, False), (2, False), (3, True)]


def run(home):
    return CliRunner().invoke(cpai, ["--home", str(home.root), "run", QUARTER])


@pytest.mark.proof  # three whole runs
def test_the_next_run_says_what_it_made_again(home, parsed):
    shutil.copytree(parsed, home.dbt / "target")
    path = land(home)["return.csv"]
    assert run(home).exit_code == 0
    shutil.rmtree(home.raw / "crimes" / QUARTER)
    again = run(home)
    assert again.exit_code == 0, again.output
    assert (
        "2023-Q1 kent submission 1: 1 raw files were missing or changed and have been made again"
        in again.output
    )
    assert differs(home) == []
    built = tables_of(home)
    home.warehouse.write_bytes(home.warehouse.read_bytes()[:100_000])
    again = run(home)
    assert again.exit_code == 0 and "was damaged: it is kept as" in again.output, again.output
    assert tables_of(home) == built and len(list(home.damaged.glob("*/warehouse.duckdb"))) == 1
    shutil.rmtree(home.raw / "crimes" / QUARTER)
    archived(home, path).unlink()
    path.unlink()
    lost = run(home)
    assert lost.exit_code == 1 and "Traceback" not in lost.output
    assert "2023-Q1 kent submission 1: its raw files cannot be made again" in lost.output
