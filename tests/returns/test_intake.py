"""From what has landed to raw Parquet and receipts: refusals, numbering, and runs that are killed."""

import dataclasses
import hashlib
import json
import os

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import crime, suspect, victim, write_return

from orchestration.home import Home
from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_raw_files, read_submissions
from orchestration.returns import archive, arrivals, file_safety, intake, mapping, parsing, raw
from orchestration.returns.archive import ArchiveDamaged
from orchestration.returns.intake import receive
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.parts import RECORD_TYPES

QUARTER = "2023-Q1"
REFERENCES = {
    "kent": "46/{}/23",
    "lancashire": "04/{}/23",
    "surrey": "4523{}",
    "norfolk-and-suffolk": "36/{}/23",
}


def a_return(force, crimes=3, **cells):
    found = [crime(number, REFERENCES.get(force, "X{}"), **cells) for number in range(crimes)]
    return {
        "crimes": found,
        "victims": [victim(one) for one in found],
        "suspects": [suspect(found[0], number) for number in (1, 2)] if found else [],
    }


def land(home, force="kent", records=None, delivery="", quarter=QUARTER):
    folder = home.landing / quarter / force / delivery
    return write_return(folder, layout_for(force, quarter), records or a_return(force))


def only(receipts):
    (receipt,) = receipts
    return receipt


def refused(home, says, force="kent"):
    receipt = only(receive(home, QUARTER))
    assert (receipt.force, receipt.status) == (force, "refused")
    assert any(says in reason for reason in receipt.reasons), receipt.reasons
    assert all(reason.endswith((".", "?")) for reason in receipt.reasons)
    assert receipt.counts == dict.fromkeys(RECORD_TYPES, 0)
    assert not list((home.raw / "crimes").glob("2023*/*"))
    return receipt


def raw_rows(home, kind, name, quarter=QUARTER):
    return pq.read_table(home.raw / kind / quarter / f"{name}.parquet", partitioning=None).to_pylist()


def state(home):
    """Everything under the home but landing, and the ledger without the times of receipt."""
    files = {
        str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.root.rglob("*")
        if path.is_file()
        and home.landing not in path.parents
        and "ledger" not in path.name
        and path.name != "home.json"
    }
    files.pop("raw/submissions.parquet", None)
    engine = open_ledger(home)
    rows = [{**row, "received_at": ""} for row in read_submissions(engine)]
    raw_files = read_raw_files(engine)
    with engine.connect() as connection:
        return (
            files,
            rows,
            raw_files,
            sorted(map(tuple, connection.execute(tables.submission_files.select()))),
        )


def test_an_accepted_return(home):
    files = land(home)
    receipt = only(receive(home, QUARTER))
    assert (receipt.submission, receipt.status, receipt.reasons, receipt.new) == (1, "accepted", [], True)
    assert receipt.counts == {"crimes": 3, "victims": 3, "suspects": 2}
    for kind in RECORD_TYPES:
        table = pq.read_table(home.raw / kind / QUARTER / "kent.1.parquet", partitioning=None)
        assert table.schema.names == raw.records_schema(kind).names
        assert table.num_rows == receipt.counts[kind]
    first = raw_rows(home, "crimes", "kent.1")[0]
    assert (first["force"], first["quarter"], first["submission"], first["layout"]) == (
        "kent",
        QUARTER,
        1,
        "athena",
    )
    (path,) = files.values()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (home.archive / sha256[:2] / sha256).read_bytes() == path.read_bytes()
    (row,) = pq.read_table(home.raw / "submissions.parquet").to_pylist()
    assert (row["status"], row["crimes"], json.loads(row["reasons"])) == ("accepted", 3, [])


def test_zero_row_files_are_there_before_anything_has_come(home):
    assert receive(home, QUARTER) == []
    for kind in RECORD_TYPES:
        table = pq.read_table(home.raw / kind / "none" / "none.0.parquet")
        assert (table.num_rows, table.schema.names) == (0, raw.records_schema(kind).names)
    for name in ("submissions", "readings", "police_recorded_crime/none"):
        assert pq.read_table(home.raw / f"{name}.parquet").num_rows == 0


def test_a_second_run_changes_nothing(home):
    land(home)
    land(home, "lancashire")
    before = receive(home, QUARTER), state(home), (home.raw / "submissions.parquet").stat().st_mtime_ns
    again = receive(home, QUARTER)
    assert [receipt.new for receipt in again] == [False, False]
    assert [(r.force, r.submission, r.status, r.counts) for r in again] == [
        (r.force, r.submission, r.status, r.counts) for r in before[0]
    ]
    assert (state(home), (home.raw / "submissions.parquet").stat().st_mtime_ns) == before[1:]


def test_later_deliveries_are_the_next_submissions_whatever_bytes_they_have(home):
    land(home, records=a_return("kent", 2), delivery="b")
    land(home, records=a_return("kent", 1), delivery="a")
    land(home, records=a_return("kent", 3))
    assert [(r.submission, r.counts["crimes"]) for r in receive(home, QUARTER)] == [(1, 3), (2, 1), (3, 2)]
    land(home, records=a_return("kent", 1), delivery="c")
    land(home, records=a_return("kent", 4), delivery="d")
    assert [(r.submission, r.new) for r in receive(home, QUARTER)] == [
        (1, False),
        (2, False),
        (3, False),
        (4, True),
        (5, True),
    ]
    assert [receipt.new for receipt in receive(home, QUARTER)] == [False] * 5


def test_one_refused_return_leaves_the_others_and_its_last_accepted_one(home):
    land(home)
    land(home, "lancashire")
    receive(home, QUARTER)
    later = land(home, delivery="later")["return.csv"]
    later.write_bytes(later.read_bytes().replace(b"LocalID", b"Local"))
    land(home, "lancashire", a_return("lancashire", 5), delivery="later")
    receipts = receive(home, QUARTER)
    assert [(r.force, r.submission, r.status) for r in receipts] == [
        ("kent", 1, "accepted"),
        ("kent", 2, "refused"),
        ("lancashire", 1, "accepted"),
        ("lancashire", 2, "accepted"),
    ]
    assert "'Local'" in receipts[1].reasons[0] and "'LocalID'" in receipts[1].reasons[0]
    assert (home.raw / "crimes" / QUARTER / "kent.1.parquet").exists()
    assert not (home.raw / "crimes" / QUARTER / "kent.2.parquet").exists()
    assert archive.digest(later)[0] in {path.name for path in home.archive.rglob("*")}


def test_only_one_force_is_taken_in_when_asked(home):
    land(home)
    land(home, "lancashire")
    assert only(receive(home, QUARTER, "lancashire")).force == "lancashire"
    assert receive(home, QUARTER, "surrey") == []


def test_a_nil_return(home):
    folder = home.landing / QUARTER / "kent"
    folder.mkdir(parents=True)
    (folder / "NIL").write_text("A. Officer, 2023-04-03")
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, receipt.reasons, receipt.submission) == ("nil", [], 1)
    assert not (home.raw / "crimes" / QUARTER).exists()


def test_a_joint_return_is_a_submission_of_each_of_its_forces(home):
    norfolk, suffolk = (
        [crime(number, prefix + "{}/23") for number in range(count)]
        for prefix, count in (("36/", 3), ("37/", 2))
    )
    records = {
        "crimes": norfolk + suffolk,
        "victims": [victim(one) for one in norfolk + suffolk],
        "suspects": [suspect(suffolk[0])],
    }
    land(home, "norfolk-and-suffolk", records)
    receipts = receive(home, QUARTER, "suffolk")
    assert [(r.force, r.submission, r.counts) for r in receipts] == [
        ("norfolk", 1, {"crimes": 3, "victims": 3, "suspects": 0}),
        ("suffolk", 1, {"crimes": 2, "victims": 2, "suspects": 1}),
    ]
    for force, prefix in (("norfolk", "36/"), ("suffolk", "37/")):
        assert {row["crime_reference"][:3] for row in raw_rows(home, "crimes", f"{force}.1")} == {prefix}
        # not even unseen, in a Parquet dictionary, is there anything of the other force
        other = b"37/1" if force == "norfolk" else b"36/1"
        assert other not in (home.raw / "crimes" / QUARTER / f"{force}.1.parquet").read_bytes()


def test_a_joint_return_with_a_crime_of_neither_is_refused(home):
    crimes = [crime(1, "36/{}/23"), crime(2, "37/{}/23"), crime(3, "38/{}/23")]
    land(home, "norfolk-and-suffolk", {"crimes": crimes, "victims": [], "suspects": []})
    receipts = receive(home, QUARTER)
    assert [(r.force, r.status) for r in receipts] == [("norfolk", "refused"), ("suffolk", "refused")]
    assert (
        "1 crimes (the first is record 6) have a crime reference beginning with none of 36/, 37/"
        in (receipts[0].reasons[0])
    )


# refusals --------------------------------------------------------------------------------------------------


def test_a_folder_of_no_force(home):
    write_return(home.landing / QUARTER / "kant", layout_for("kent", QUARTER), a_return("kent"))
    land(home)
    receipts = receive(home, QUARTER)
    assert [(r.force, r.submission, r.status) for r in receipts] == [
        ("kant", 0, "refused"),
        ("kent", 1, "accepted"),
    ]
    assert "no force or joint return of 2023-Q1 has this name" in receipts[0].reasons[0]


def test_no_crimes_and_no_nil(home):
    land(home, records=a_return("kent", 0))
    refused(home, "has no crimes of kent")


def test_the_return_of_another_quarter(home):
    land(home, records=a_return("kent", recorded_on="2022-11-05"))
    refused(home, "this looks like the 2022-Q4 return")


def test_dates_in_another_format_than_the_layouts_refuse_the_return(home):
    land(home, records=a_return("kent", recorded_on="5 November 2022"))
    refused(
        home, "ST23 return.csv: most dates under 'DateRecorded' (%Y-%m-%d) are not written as layout athena"
    )


def test_the_return_of_another_force(home):
    land(home, records=a_return("lancashire"))
    refused(home, "they look like those of lancashire")


def test_nil_and_records_together(home):
    land(home)
    (home.landing / QUARTER / "kent" / "NIL").write_text("")
    refused(home, "but return.csv came with it")


def manifest(home, text):
    path = land(home)["return.csv"]
    text = text.replace("SHA", hashlib.sha256(path.read_bytes()).hexdigest())
    (path.parent / "manifest.csv").write_text(text)


def test_a_manifest_that_fits(home):
    # 4 rows of the flat file: 3 crimes, one with 2 suspects
    manifest(home, "file,sha256,records,total\nreturn.csv,SHA,4,9\n")
    assert only(receive(home, QUARTER)).reasons == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,sha256,records\nreturn.csv,00ff,4\n", "its SHA-256 is not the one in manifest.csv"),
        ("file,sha256,records\nreturn.csv,SHA,5\n", "has 4 records"),
        ("file,sha256,records\nreturn.csv,SHA,4\nmore.csv,,\n", "more.csv: is listed in manifest.csv"),
        ("file,sha256,records\nother.csv,,\n", "return.csv: is not listed"),
        ("name\n\n", "manifest.csv: cannot be read"),
        ("file,sha256,records\nreturn.csv\n", "manifest.csv, row 2: has 1 cells where the heading row has 3"),
        ("file,sha256,records\nreturn.csv,SHA,4,9\n", "manifest.csv, row 2: has 4 cells"),
        (
            "file;sha256;records\nreturn.csv;SHA;4\n",
            "manifest.csv, row 1: its cells are separated by semicolons",
        ),
        (
            "file,sha256,records,file\nreturn.csv,SHA,4,x\n",
            "manifest.csv, row 1: the heading 'file' stands there twice",
        ),
        ('file,sha256,records\n"return.csv,SHA,4\n', "manifest.csv, row 2: a quotation mark is not closed"),
        ("file,sha256,records\nreturn.csv,SHA,4\nreturn.csv,SHA,4\n", "manifest.csv: lists a file twice"),
        ("file,sha256,records\n" + "more.csv,,\n" * 6000, "manifest.csv: has 6,000 rows"),
        ("file,sha256,records\n" + "x" * 2**20 + ",,\n", "manifest.csv: is larger than 1 MB"),
    ],
)
def test_a_manifest_that_does_not_fit(home, text, says):
    manifest(home, text)
    refused(home, says)


def test_links_are_not_followed(home, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    folder = home.landing / QUARTER / "kent"
    folder.mkdir(parents=True)
    (folder / "return.csv").symlink_to(secret)
    refused(home, "return.csv: is a link")
    assert archive.digest(secret)[0] not in {path.name for path in home.archive.rglob("*")}


def test_a_folder_that_is_a_link(home, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (home.landing / QUARTER).mkdir(parents=True)
    (home.landing / QUARTER / "kent").symlink_to(tmp_path / "elsewhere")
    refused(home, "kent: is a link")


def test_a_pipe_is_not_opened(home):
    folder = home.landing / QUARTER / "kent"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "return.csv")
    refused(home, "return.csv: is not a file")


def test_a_folder_inside_a_delivery(home):
    land(home, delivery="later/deeper")
    refused(home, "deeper: is a folder inside a delivery")


def test_a_file_above_the_cap_is_kept_but_not_read(home, monkeypatch):
    monkeypatch.setattr(file_safety, "LARGEST_FILE", 10)
    path = land(home)["return.csv"]
    refused(home, "return.csv: is larger than")
    assert archive.digest(path)[0] in {kept.name for kept in home.archive.rglob("*")}


def test_what_crashes_the_reader_refuses_that_return_only(home, monkeypatch):
    land(home)
    land(home, "lancashire")
    read = parsing.read

    def crash(files, layout):
        if layout.layout == "athena":
            raise KeyError("46/1000/23")
        return read(files, layout)

    monkeypatch.setattr(parsing, "read", crash)
    kent, lancashire = receive(home, QUARTER)
    assert (kent.status, lancashire.status) == ("refused", "accepted")
    assert kent.reasons == [
        "FL33 The return could not be read (KeyError); compare it with layout athena and send it again."
    ]


def test_what_desktops_leave_behind_is_no_delivery(home):
    land(home)
    for name in (".DS_Store", "Thumbs.db", "~$return.xlsx"):
        (home.landing / QUARTER / "kent" / name).write_text("")
    assert only(receive(home, QUARTER)).status == "accepted"


def test_a_quarter_that_is_none(home):
    with pytest.raises(ValueError, match="is not a quarter"):
        receive(home, "2023-Q5")


def test_a_damaged_archive_is_said_and_not_written_over(home):
    open_ledger(home).dispose()
    path = land(home)["return.csv"]
    kept = archive.keep(path, home.archive).path
    kept.chmod(0o644)
    kept.write_bytes(b"damaged")
    with pytest.raises(ArchiveDamaged):
        receive(home, QUARTER)
    assert kept.read_bytes() == b"damaged"


# killed and started again ----------------------------------------------------------------------------------


class Killed(BaseException):
    pass


STEPS = [
    (archive.os, "fsync"),
    (archive, "digest"),
    (parsing, "read"),
    (mapping, "records"),
    (intake.raw, "write"),
    (intake.raw.pq, "write_table"),
    (intake, "record_submission"),
    (intake.snapshots, "write"),
]


@pytest.mark.parametrize(("module", "name"), STEPS, ids=[f"{m.__name__}.{n}" for m, n in STEPS])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(home, tmp_path, module, name, after):
    calm = type(home)(tmp_path / "calm")
    for where in (home, calm):
        land(where)
        bad = land(where, delivery="2")["return.csv"]
        bad.write_bytes(bad.read_bytes().replace(b"LocalID", b"Local"))
        land(where, records=a_return("kent", 5), delivery="3")
        raw.ensure(where)
    receive(calm, QUARTER)
    whole = getattr(module, name)
    for call in range(12):
        calls = 0

        def dying(*args, call=call, **kwargs):
            nonlocal calls
            calls += 1
            if calls <= call:
                return whole(*args, **kwargs)
            if after:
                whole(*args, **kwargs)
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, dying)
            try:
                receive(home, QUARTER)
            except Killed:
                continue
            break
    receive(home, QUARTER)
    assert state(home) == state(calm)
    assert not list(home.root.rglob("*.writing"))


def test_records_of_a_killed_run_go_when_what_came_next_is_refused(home):
    path = land(home)["return.csv"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "record_submission", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            receive(home, QUARTER)
    assert (home.raw / "crimes" / QUARTER / "kent.1.parquet").exists()
    path.write_bytes(b"something else")
    refused(home, "return.csv")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_get_a_receipt(home, data):
    # a home of its own: one home would look again at all that came before
    home = Home(home.root / hashlib.sha256(data).hexdigest())
    folder = home.landing / QUARTER / "kent"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "return.csv").write_bytes(data)
    receipt = only(receive(home, QUARTER))
    assert receipt.status == "refused" and receipt.reasons
    assert archive.digest(folder / "return.csv")[0] in {kept.name for kept in home.archive.rglob("*")}


def test_a_refused_return_is_read_again_once_its_layout_is_mended(home, monkeypatch):
    """One row in the seeds lets a renamed column in; the force need not send the same bytes under a new name."""
    files = land(home, "surrey")
    crimes = next(path for path in files.values() if "crime" in path.name)
    crimes.write_bytes(crimes.read_bytes().replace(b"Incident Number", b"Incident No"))
    refused(home, "Incident No", "surrey")
    assert not only(receive(home, QUARTER)).new

    corrected = layout_for("surrey", QUARTER)
    parts = tuple(
        dataclasses.replace(
            part,
            columns=tuple(
                dataclasses.replace(column, heading=column.heading.replace("Incident Number", "Incident No"))
                for column in part.columns
            ),
        )
        for part in corrected.parts
    )
    monkeypatch.setattr(arrivals, "layout_for", lambda *_: dataclasses.replace(corrected, parts=parts))
    receipt = only(receive(home, QUARTER))
    assert (receipt.submission, receipt.status, receipt.new) == (2, "accepted", True)
    assert not only(receive(home, QUARTER)).new
