"""What lies in landing/ that no run reads, and what nobody sent."""

import json
import os
import zipfile
from importlib import import_module

import pytest
from click.testing import CliRunner
from test_intake import QUARTER, a_return, land, only
from test_schedules_and_sensors import watch  # noqa: F401 - a fixture
from written import write_return

from orchestration.command import cpai
from orchestration.home import seed_rows
from orchestration.returns import landing
from orchestration.returns.intake import receive
from orchestration.returns.layouts import layout_for

# name in landing/ -> the name it was meant for, and the sentence
ASTRAY = {
    "2023-q1": "rename it to 2023-Q1",
    "2023 Q1": "rename it to 2023-Q1",
    "2023_Q1": "rename it to 2023-Q1",
    "2023Q1": "rename it to 2023-Q1",
    "Q1 2023": "rename it to 2023-Q1",
    "2023 quarter 1": "rename it to 2023-Q1",
    "\uff12\uff10\uff12\uff13-Q1": "rename it to 2023-Q1",
    "recorded-crime": "goes into landing/recorded_crime",
    "Recorded Crime": "goes into landing/recorded_crime",
    "2013-Q1": "returns are received from 2014-Q1 on",
    "kent": "put it into landing/<quarter>/kent",
    "done": "is no quarter, and nothing in it is read; name it like 2014-Q1",
}


@pytest.mark.parametrize("name", ASTRAY)
def test_a_folder_that_no_run_reads_is_named_with_the_near_one(home, name):
    (home.landing / name).mkdir(parents=True)
    (found,) = landing.unread(home.landing)
    assert found.sentence.startswith(f"landing/{name}: ") and ASTRAY[name] in found.sentence
    assert found.quarter == (
        QUARTER if "2023-Q1" in ASTRAY[name] and "rename" in ASTRAY[name] else found.quarter
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("clevland", "rename the folder in landing/2023-Q1 to cleveland"),
        ("Kent", "rename the folder in landing/2023-Q1 to kent"),
        ("Cleveland Police", "rename the folder in landing/2023-Q1 to cleveland"),
        ("devon_and_cornwall", "to devon-and-cornwall"),
        ("xyz", "to the name of its force as in seeds/forces.csv"),
    ],
)
def test_a_folder_of_no_force_is_named_with_the_near_one(home, name, says):
    write_return(home.landing / QUARTER / name, layout_for("kent", QUARTER), a_return("kent"))
    (found,) = landing.unread(home.landing)
    assert (found.quarter, found.name) == (QUARTER, name) and says in found.sentence
    (receipt,) = receive(home, QUARTER)
    assert (
        receipt.status == "refused" and receipt.reasons[0].startswith("FL01 ") and says in receipt.reasons[0]
    )


def test_stray_files_are_named_and_kept(home):
    write_return(home.landing / QUARTER, layout_for("kent", QUARTER), a_return("kent"))
    (home.landing / "return.csv").write_text("a")
    sentences = [found.sentence for found in landing.unread(home.landing)]
    assert sentences == [
        "landing/2023-Q1/return.csv: is a file outside a force's folder; put it into a folder of the force's name.",
        "landing/return.csv: is a file outside a force's folder and is not read; put it into landing/<quarter>/<force>/.",
    ]
    assert only(receive(home, QUARTER)).status == "refused"
    assert len([path for path in home.archive.rglob("*") if path.is_file()]) == 1


def test_what_is_read_and_what_nobody_sent_is_not_named(home):
    land(home)
    (home.landing / "recorded_crime").mkdir()
    for name in (".DS_Store", "desktop.ini", f"{QUARTER}/Thumbs.db", f"{QUARTER}/~$kent.xlsx"):
        (home.landing / name).write_text("")
    assert landing.unread(home.landing) == []


def astray(home):
    for name in ("2023-q1/kent", "2023 Q1/essex", "recorded-crime"):
        folder = home.landing / name
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text("a")


def test_status_names_them_before_anything_was_received_and_after(home):
    astray(home)
    said = CliRunner().invoke(cpai, ["--home", str(home.root), "status"]).stdout
    assert "nothing received yet" in said
    for name in ("2023-q1", "2023 Q1", "recorded-crime"):
        assert f"not read: landing/{name}: " in said
    land(home)
    receive(home, QUARTER)
    said = CliRunner().invoke(cpai, ["--home", str(home.root), "status"]).stdout
    assert "not read: landing/2023-q1: is no quarter as they are written here" in said
    assert "put what is in it into 2023-Q1" in said
    (row,) = json.loads(CliRunner().invoke(cpai, ["--home", str(home.root), "status", "--json"]).stdout)
    assert len(row["not_read"]) == 3


def test_a_run_names_them_and_has_not_done_what_was_asked(home, monkeypatch):
    # what is built is asked elsewhere: here what the command prints
    running = import_module("orchestration.command.run")  # of the package, `run` is the command
    monkeypatch.setattr(running, "run_quarters", lambda home, wanted: (receive(home, *wanted) and [], []))
    astray(home)
    (home.landing / QUARTER / "surrey").mkdir(parents=True)
    ran = CliRunner().invoke(cpai, ["--home", str(home.root), "run", QUARTER])
    assert ran.exit_code == 1
    assert "not read: landing/2023-q1: is no quarter as they are written here" in ran.output
    assert "not read: landing/recorded-crime: nothing in it is read" in ran.output
    ran = CliRunner().invoke(cpai, ["--home", str(home.root), "run", QUARTER, "--json"])
    answer = json.loads(ran.stdout)
    assert (answer["done"], len(answer["not_read"])) == (False, 3)
    (home.landing / "2023-Q2" / "kent").mkdir(parents=True)
    assert CliRunner().invoke(cpai, ["--home", str(home.root), "run", "2023-Q2"]).exit_code == 0


def test_the_sensor_names_them(watch, home):  # noqa: F811
    astray(home)
    assert watch.look() == []
    # by place alone: no name that a force gave stands in what Dagster keeps
    assert watch.said == (
        "nothing new has landed; not read: "
        "2 files or folders in landing/2023-Q1 that no run reads: `cpai status` names them; "
        "1 file or folder in landing that no run reads: `cpai status` names them"
    )
    land(home)
    watch.look()
    assert len(watch.look(60)) == 1


# clutter ---------------------------------------------------------------------------------------------------

CLUTTER = [
    "return.csv:Zone.Identifier",
    "return.csv_Zone.Identifier",
    "return.csv.Zone.Identifier",
    "return.csv:Zone.Identifier:$DATA",
    "return.csv\uf03aZone.Identifier",
    "._return.csv",
    "~$return.xlsx",
    "Thumbs.db",
    "thumbs.db",
    "Desktop.ini",
    ".DS_Store",
    "Icon\r",
    ".~lock.return.csv#",
]


def test_what_desktops_leave_is_no_delivery_in_a_folder_or_a_zip(home):
    files = land(home)
    folder = files["return.csv"].parent
    for name in CLUTTER:
        (folder / name).write_bytes(b"\x00")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._return.csv").write_bytes(b"\x00")
    packed = home.landing / QUARTER / "essex" / "return.zip"
    records = write_return(home.root / "made", layout_for("essex", QUARTER), a_return("essex"))
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.write(records["return.csv"], "return/return.csv")
        for name in CLUTTER:
            zipped.writestr(f"return/{name}", b"\x00")
        zipped.writestr("__MACOSX/return/._return.csv", b"\x00")
    assert [receipt.status for receipt in receive(home, QUARTER)] == ["accepted", "accepted"]


def test_every_pattern_of_the_list_is_met():
    for row in seed_rows("landing/clutter.csv"):
        name = row["pattern"].replace("*", "x").replace("?", "x").upper()
        assert landing.is_clutter(name), name
    for name in ("return.csv", "zone.csv", "thumbs.csv", "crimes.tmp.csv", "..", "."):
        assert not landing.is_clutter(name), name


def zip_with_backslashes(home, name):
    packed = home.landing / QUARTER / "kent" / "return.zip"
    packed.parent.mkdir(parents=True)
    records = write_return(home.root / "made", layout_for("kent", QUARTER), a_return("kent"))
    # Python writes / for \\ on some systems: put in afterwards
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.write(records["return.csv"], name.replace("\\", "|"))
    packed.write_bytes(packed.read_bytes().replace(name.replace("\\", "|").encode(), name.encode()))


@pytest.mark.skipif(os.sep == "\\", reason="there Python reads them as its own")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Q1\\return.csv", None),
        ("a\\b\\return.csv", None),
        ("..\\return.csv", "FL15"),
        ("a\\..\\..\\return.csv", "FL15"),
        ("\\return.csv", "FL15"),
        ("C:\\return.csv", "FL15"),
    ],
)
def test_a_zip_with_backslashes_is_read_where_its_names_stay_inside(home, name, code):
    zip_with_backslashes(home, name)
    receipt = only(receive(home, QUARTER))
    assert [reason[:4] for reason in receipt.reasons] == ([code] if code else [])
    assert receipt.counts["crimes"] == (0 if code else 3)
