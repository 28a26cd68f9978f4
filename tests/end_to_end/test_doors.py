"""Every door by which data come in, go out, are looked at or put together: what the log has after each.

A door that is in neither table is found. One that is added gets its row here: what it notes, or why it notes nothing.
"""

import json
from collections import Counter

import click
import dagster as dg
import pytest
from some import some

from orchestration import doors
from orchestration.command import cpai
from orchestration.ledger import chain
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_submissions
from orchestration.ledger.tables import log_entries

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

# by command: its words on the year (@: a folder of the test), and each entry that it leaves: action, what, to whom
NOTED = {
    "pack": (
        "pack 2023-Q1 --force kent --force surrey",
        [("disclosure", "return pack written", "kent"), ("disclosure", "return pack written", "surrey")],
    ),
    "report": (
        "report 2023-Q1 --place kent --into @",
        [("disclosure", "reports written", "readers of reports")],
    ),
    "feed": (
        "feed own_records 2023-Q1 --force kent --into @",
        [("disclosure", "feed written", "kent")],
    ),
    "audit": (
        "audit 2023.r1 --into @ --draw acorn --figures 2",
        [
            ("disclosure", "audit pack written", "auditors"),
            ("consultation", "figure explained", None),
            ("consultation", "figure explained", None),
        ],
    ),
    "read export": ("read export 2023-Q1 --to @/w.csv", [("disclosure", "worklist taken out", "readers")]),
    "explain": ("explain cocad.all.crime.total.all", [("consultation", "figure explained", None)]),
    "diff": ("diff 2023.r1 2023.r1", [("consultation", "releases compared", None)]),
    "replay": ("replay", [("combination", "tables of a release made again", None)]),
    "room user add": (
        "room user add a.reader --role reader --no-password",
        [("administration", "user of the room added", None)],
    ),
    "room user roles": (
        "room user roles a.reader --role lead",
        [("administration", "user of the room changed", None)],
    ),
    "room user open": ("room user open a.reader", [("administration", "user of the room changed", None)]),
    "room user lost-phone": (
        "room user lost-phone a.reader",
        [("administration", "user of the room changed", None)],
    ),
    "room user close": ("room user close a.reader", [("administration", "user of the room closed", None)]),
}
# noted where they are tried elsewhere
NOTED_ELSEWHERE = {
    "run": "test_what_came_in below",
    "read import": "test_what_came_in below",
    "publish": "test_what_came_in below",
    "demo": "run, read import and publish, one after the other",
    "quarter": "the same, in tests/end_to_end/test_quarter.py",
    "room": "tests/readings/room/test_room.py: each case, list and answer by who was signed in",
    "key rotate": "tests/ledger/test_rotation.py: key changed",
    "erase crime": "tests/erasure: erasure, with its reason",
    "erase person": "as erase crime",
    "erase submission": "as erase crime",
    "erase file": "as erase crime",
    "erase again": "goes on with an erasure that is in the log",
    "room user password": "as room user open: a change of the user",
    "assure": "tests/releases/test_forgery.py: release assured",
    "timestamp": "tests/releases/test_timestamp.py: release time-stamped",
    "keys make": "tests/releases/test_hands.py: role granted, with a key",
    "keys grant": "as keys make",
    "keys revoke": "as keys make: role revoked, with its reason",
    "waive sign": "tests/releases/test_hands.py: waiver signed",
}
NOT_NOTED = {
    "check": "of a force, on its own return: there is no home",
    "layout draft": "headings of a file, and counts in a home that is thrown away",
    "layout diff": "headings alone",
    "init": "makes a home with nothing in it",
    "sample": "made-up returns that nobody sent",
    "status": "counts of returns, bytes of files",
    "read progress": "counts of readings",
    "read verify": "hashes alone",
    "verify": "hashes alone",
    "room user list": "no data of a return",
    "key list": "check values alone",
    "keys list": "persons of this machine and public keys",
    "keys export": "public keys, and hashes of releases",
    "erase list": "tombstones: hashes, who, when and why",
    "erase due": "what is due for review, by submission",
    "log": "the log itself, which names no person of a return",
    "log verify": "hashes alone",
}
ASSETS_NOTED = {
    "returns": "submission accepted",
    "dbt": "warehouse built",
    "release": "release published",
    "return_packs": "return pack written",
}
ASSETS_NOT_NOTED = {
    "police_recorded_crime": "published statistics, of no person",
    "history": "results of rules, counts",
    "readings": "a copy of the ledger's readings for dbt, whose build is noted",
    "worklist": "which case waits for whom; each case that is shown is noted",
    "release_candidate": "a fingerprint",
    "gate": "counts",
}


def commands(group: click.Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        if not isinstance(command, click.Group) or command.invoke_without_command:
            found.append(before + name)
        if isinstance(command, click.Group):
            found += commands(command, f"{before}{name} ")
    return found


def entries(year) -> list[dict]:
    with open_ledger(year.home).connect() as connection:
        return [dict(row) for row in connection.execute(log_entries.select().order_by("entry")).mappings()]


def test_every_command_is_a_door_that_is_known():
    known = [*NOTED, *NOTED_ELSEWHERE, *NOT_NOTED]
    assert sorted(commands(cpai)) == sorted(known), "add what it notes, or why it notes nothing"


def test_every_asset_is_a_door_that_is_known(parsed, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(parsed.parents[1]))
    from orchestration.definitions import ASSETS, gate

    steps = {asset.op.name for asset in [*ASSETS, gate] if isinstance(asset, dg.AssetsDefinition)}
    assert steps == {*ASSETS_NOTED, *ASSETS_NOT_NOTED}, "add what it notes, or why it notes nothing"


def test_what_came_in(year):
    """What the year's own commands left: a submission each, builds, readings, the release, in one chain."""
    noted = entries(year)
    engine = open_ledger(year.home)
    collected = [json.loads(row["concerns"]) for row in noted if row["action"] == "collection"]
    received = read_submissions(engine)
    key = ("force", "quarter", "submission")
    assert Counter(tuple(row[name] for name in key) for row in collected) == Counter(
        tuple(row[name] for name in key) for row in received
    )
    assert {"submission accepted", "submission refused"} <= {row["what"] for row in noted}
    assert all(row["files"] for row in some(collected))
    for what, count in (("readings imported", 4), ("release published", 1)):
        assert [row["what"] for row in noted].count(what) == count
    # a build of the run, and of each time that publishing was tried
    assert [row["what"] for row in noted].count("warehouse built") >= 3
    assert {(row["who"], row["door"]) for row in noted} == {(doors.operator(), "command")}
    assert chain.verify(engine, table=log_entries) == []


def test_release_and_packs_say_where_the_ledger_ended_and_who_made_them(year):
    manifest = json.loads((year.home.releases / "current" / "manifest.json").read_text())
    assert manifest["published_by"] == {"door": "command", "who": doors.operator()}
    by_number = {row["entry"]: row for row in entries(year)}
    end = by_number[manifest["last_of_log"]["entry"]]
    assert manifest["last_of_log"]["hash"] == end["hash"]
    assert year.cpai("pack", "2023-Q2", "--force", "kent").exit_code == 0
    (pack,) = (year.home.root / "packs" / "2023-Q2").glob("kent.*/pack.json")
    ledger = json.loads(pack.read_text())["ledger"]
    assert ledger["readings"] == manifest["last_of_reading_chain"]
    noted = entries(year)[ledger["log"]["entry"] - 1]
    assert (noted["what"], noted["recipient"], noted["hash"]) == (
        "return pack written",
        "kent",
        ledger["log"]["hash"],
    )
    assert year.json("log", "verify")["witnesses"] >= 3, "home.json, the release and the pack"


@pytest.mark.parametrize("door", some(NOTED))
def test_what_a_door_leaves(year, tmp_path, door):
    words, expected = NOTED[door]
    before = len(entries(year))
    answer = year.cpai(*words.replace("@", str(tmp_path)).split())
    assert answer.exit_code == 0, answer.output
    added = entries(year)[before:]
    assert [(row["action"], row["what"], row["recipient"]) for row in added] == expected
    assert all(row["who"] == doors.operator() and row["door"] == "command" for row in added)


@pytest.mark.parametrize(
    "words", ["status", "verify", "read progress", "read verify", "log", "log verify", "publish 2023"]
)
def test_what_shows_nothing_of_a_record_leaves_nothing(year, words):
    if words.startswith("publish"):
        year.cpai(*words.split())  # what came since is built, and noted: now nothing is new
    before = len(entries(year))
    answer = year.cpai(*words.split())
    assert answer.exit_code == 0, answer.output
    assert [row["what"] for row in entries(year)[before:]] == []
