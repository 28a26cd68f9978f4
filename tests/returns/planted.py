"""A quarter of 44 forces in which every column, heading and name of a file holds a name and a date of birth of nobody.

Each is planted once, where it does not belong, and is another: `CANARIES` has the text of each. The commands then take the
quarter from landing to what leaves, and the process list is read all the while.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner
from written import Records, crime, part_rows, suspect, victim, write_return

from orchestration.command import cpai
from orchestration.home import Home, seed_rows
from orchestration.returns.layouts import layout_for
from orchestration.spreadsheets import write_csv

QUARTER = "2023-Q1"
# one heading a column, three CSV files, commas: a row more is a line more
LAYOUT = "niche"
# a name in a cell of its own is in few layouts
WITH_NAMES = "greater-manchester"
NAMES = {"surname", "forenames"}
# what a force writes that is no column, and whose it is
BESIDE = (
    *(
        "heading",
        "file name",
        "accepted file name",
        "folder name",
        "sheet name",
        "missing said by",
        "explanation",
    ),
    *(
        "folder of no force",
        "folder of no quarter",
        "recorded crime file",
        "recorded crime heading",
        "recorded crime force",
    ),
    *("readings file", "reader", "reason of a reading", "criterion of a reading", "crime of a reading"),
)
# whose later deliveries are refused: three CSV files, and one workbook of three sheets
REFUSED, REFUSED_BY_NAME = "metropolitan", "cumbria"


@dataclass(frozen=True)
class Canary:
    """What is planted in one place: a name and a date of birth that are in no other."""

    record_type: str
    column: str
    number: int

    @property
    def name(self) -> str:
        return f"Zqx{self.number:03}name"

    @property
    def text(self) -> str:
        return f"{self.name} Jo {self.born}"

    @property
    def born(self) -> str:
        return f"{self.number % 28 + 1:02}.{self.number // 28 + 1:02}.1899"

    @property
    def key(self) -> tuple[str, str]:
        return self.record_type, self.column


def _canaries() -> dict[tuple[str, str], Canary]:
    places = [(row["record_type"], row["column"]) for row in seed_rows("return_columns.csv")]
    places += [("beside", name) for name in BESIDE]
    return {place: Canary(*place, number) for number, place in enumerate(places)}


CANARIES = _canaries()


@dataclass
class Planted:
    """A home, what else the commands wrote (`left`), what each said, and every command line that was seen."""

    root: Path
    forces: dict[tuple[str, str], str]
    processes: set[str] = field(default_factory=set)

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def left(self) -> Path:
        return self.root / "left"

    @property
    def said(self) -> Path:
        return self.root / "said"


def _forces() -> list[str]:
    """The forces whose layout is `LAYOUT`, in order."""
    of_quarter = [row["force"] for row in seed_rows("forces.csv")]
    return [force for force in of_quarter if force != REFUSED and layout_for(force, QUARTER).layout == LAYOUT]


def _of(canary: Canary) -> Records:
    """A sound crime with its persons, and the canary in its column of one of them."""
    reference = f"99{canary.number:09}"
    number = str(canary.number)
    one = {"offence_code": "19E", "csa_flag": "Y", "outcome_code": "16"}
    crimes = [crime(crime_reference=reference, **one)]
    born = {"age_at_offence": "9"}
    victims = [victim(crimes[0], victim_reference=f"V{number}", **born)]
    suspects = [suspect(crimes[0], suspect_reference=f"S{number}", age_at_offence="30")]
    records: Records = {"crimes": crimes, "victims": victims, "suspects": suspects}
    if canary.column == "crime_reference":
        # of a person alone it would hold the person out, and no more be said
        for rows in records.values() if canary.record_type == "crimes" else [records[canary.record_type]]:
            rows[0]["crime_reference"] = canary.text
    else:
        records[canary.record_type][0][canary.column] = canary.text
    return records


def _append(folder: Path, force: str, records: Records) -> None:
    """Rows more in the files of a force's return."""
    for part in layout_for(force, QUARTER).parts:
        (file,) = [path for path in folder.iterdir() if fnmatchcase(path.name, part.file_pattern)]
        text = io.StringIO()
        csv.writer(text, delimiter=part.delimiter).writerows(part_rows(part, records))
        with file.open("ab") as bytes_of:
            bytes_of.write(text.getvalue().encode(part.encoding))


def plant(home: Home) -> dict[tuple[str, str], str]:
    """Everything into landing/: by place whose return it is in."""
    landing = home.landing / QUARTER
    forces = _forces()
    usual = [one for one in CANARIES.values() if one.record_type != "beside" and one.column not in NAMES]
    whose: dict[tuple[str, str], str] = {}
    for place, canary in enumerate(usual):
        force = forces[place % len(forces)]
        _append(landing / force, force, _of(canary))
        whose[canary.key] = force
    for force in forces:
        (landing / force / "manifest.csv").unlink(missing_ok=True)
    named = [one for one in CANARIES.values() if one.column in NAMES]
    together: Records = {"crimes": [], "victims": [], "suspects": []}
    for canary in named:
        for kind, rows in _of(canary).items():
            together[kind] += rows
        whose[canary.key] = WITH_NAMES
    shutil.rmtree(landing / WITH_NAMES)
    write_return(landing / WITH_NAMES, layout_for(WITH_NAMES, QUARTER), together)
    return whose | _plant_beside(home, forces)


def _plant_beside(home: Home, forces: list[str]) -> dict[tuple[str, str], str]:
    text = {name: CANARIES["beside", name].text for name in BESIDE}
    landing = home.landing / QUARTER
    whose = dict.fromkeys((("beside", name) for name in BESIDE), REFUSED)
    second = landing / REFUSED / "2"
    write_return(second, layout_for(REFUSED, QUARTER), _of(CANARIES["crimes", "summary"]))
    crimes = second / "crimes.csv"
    crimes.write_text(crimes.read_text().replace("offence_description", text["heading"], 1))
    # alone behind the force's own folder: of several no name would show which is the later
    third = landing / REFUSED_BY_NAME / text["folder name"]
    third.mkdir()
    with xlsxwriter.Workbook(third / f"{text['file name']}.xlsx") as book:
        book.add_worksheet(text["sheet name"]).write_row(0, 0, ["a", "b"])
    fourth = landing / REFUSED / "3"
    fourth.mkdir()
    (fourth / "MISSING").write_text(f"{text['missing said by']}, 2023-05-02\n")
    first = landing / forces[0]
    (file,) = [path for path in first.iterdir() if "crime" in path.name]
    file.rename(file.with_name(f"{text['accepted file name']} crimes.csv"))
    whose |= dict.fromkeys(
        (("beside", name) for name in ("file name", "folder name", "sheet name")), REFUSED_BY_NAME
    )
    whose["beside", "accepted file name"] = whose["beside", "explanation"] = forces[0]
    explained = [{"rule": "CR10", "crime_reference": "", "explanation": text["explanation"]}]
    write_csv(first / "explanations.csv", list(explained[0]), explained)
    (landing / text["folder of no force"]).mkdir()
    (landing / text["folder of no force"] / "a.csv").write_text("a\n")
    (home.landing / text["folder of no quarter"]).mkdir()
    (home.landing / text["folder of no quarter"] / "a.csv").write_text("a\n")
    recorded = home.landing / "recorded_crime"
    recorded.mkdir()
    (recorded / f"prc-pfa-tables-250124 {text['recorded crime file']}.csv").write_text(
        "Force Name,Offence Code\n"
    )
    of_2024 = recorded / "2024-01-25"
    of_2024.mkdir()
    (of_2024 / "prc-pfa-tables-250124.csv").write_text(
        f"Force Name,{text['recorded crime heading']}\n{text['recorded crime force']},1\n"
    )
    return whose


# in one process: each command takes seconds to import what it needs
COMMANDS = """
import contextlib, io, sys
from pathlib import Path
from orchestration.command import cpai, quiet_teardown
quiet_teardown()
root, verbs = Path(sys.argv[1]), sys.argv[2:]
for line in verbs:
    name, *words = line.split("|")
    with (root / "said" / f"{name}.txt").open("w", encoding="utf-8") as said:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                cpai(["--home", str(root / "home"), *words])
            except SystemExit as end:
                print("exit", end.code)
"""


def commands(root: Path) -> list[str]:
    readings = root / "home" / "readings" / f"{QUARTER}.csv"
    left = root / "left"
    return [
        f"run|run|{QUARTER}",
        "status|status",
        f"export|read|export|{QUARTER}|--to|{left / 'export.csv'}",
        f"import|read|import|{readings}",
        f"refused import|read|import|{left / CANARIES['beside', 'readings file'].text}.csv",
    ]


def later(root: Path, force: str) -> list[str]:
    left = root / "left"
    return [
        f"publish|publish|{QUARTER}",
        f"report|report|{QUARTER}",
        f"pack|pack|{QUARTER}",
        f"analysis feed|feed|csae_analysis|{QUARTER}|--into|{left / 'pseudonymised'}",
        f"assessment feed|feed|strategic_assessment|{QUARTER}|--into|{left / 'pseudonymised'}",
        f"own feed|feed|own_records|{QUARTER}|--force|{force}|--into|{left / 'own'}",
        f"explain|explain|criterion.cse|--period|{QUARTER}",
        "verify|verify",
        "status again|status|--json",
    ]


def _run(planted: Planted, lines: list[str]) -> None:
    """The commands one after another; every command line of theirs and of their children is noted."""
    running = subprocess.Popen([sys.executable, "-c", COMMANDS, str(planted.root), *lines])
    watcher = threading.Thread(target=_watch, args=(running, planted.processes))
    watcher.start()
    assert running.wait() == 0
    watcher.join()


def _watch(running: subprocess.Popen, seen: set[str]) -> None:
    own = os.getpid()
    while running.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                # what was typed is of whoever typed it: of the command itself its children's alone are read
                if int(folder.name) not in (own, running.pid) and f"/{running.pid}\n" in _parents(folder):
                    seen.add((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended
        threading.Event().wait(0.05)


def _parents(folder: Path) -> str:
    """`/pid` of a process and of each of its parents, a line each."""
    lines = ""
    while folder.name not in ("0", "1"):
        lines += f"/{folder.name}\n"
        folder = folder.with_name((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return lines


def _answers(planted: Planted) -> None:
    """Readings of what is left to read, by a reader and with a reason that are canaries; and a file that is refused."""
    export = planted.left / "export.csv"
    readings = planted.home.root / "readings" / f"{QUARTER}.csv"
    text = {name: CANARIES["beside", name].text for name in BESIDE}
    with export.open(newline="", encoding="utf-8") as file:
        due = list(csv.DictReader(file))
    with readings.open(newline="", encoding="utf-8") as file:
        made = list(csv.DictReader(file))
    known = {(row["force"], row["crime_reference"]) for row in made}
    left = [row for row in due if (row["force"], row["crime_reference"]) not in known]
    template = {name: "" for name in made[0]} | {
        "role": "first",
        "reader": text["reader"],
        "read_at": made[0]["read_at"],
        "group_based": "no",
        "network_definition": "no",
        "confidence": "high",
        "committed_by_children": "not_collected",
        "reason": text["reason of a reading"],
        "offenders_read": "1",
    }
    # the force whose return was replaced has other candidates than were read
    keys = {(row["force"], row["crime_reference"]) for row in due}
    made = [row for row in made if (row["force"], row["crime_reference"]) in keys]
    made[0]["reader"], made[0]["reason"] = text["reader"], text["reason of a reading"]
    rows = made + [template | {name: row[name] for name in ("force", "crime_reference")} for row in left]
    write_csv(readings, list(made[0]), rows)
    wrong = made[1] | {
        "criterion": text["criterion of a reading"],
        "crime_reference": text["crime of a reading"],
    }
    refused = planted.left / f"{text['readings file']}.csv"
    write_csv(refused, list(made[0]), [wrong])


@pytest.fixture(scope="session")
def planted(tmp_path_factory, parsed) -> Iterator[Planted]:
    root = tmp_path_factory.mktemp("planted")
    found = Planted(root, {})
    for folder in (found.left, found.said):
        folder.mkdir()
    shutil.copytree(parsed, found.home.dbt / "target")
    sample = ["--scale", "0.02", "--into", str(found.home.root), "--truth", str(root / "truth")]
    CliRunner().invoke(cpai, ["--home", str(found.home.root), "sample", *sample])
    shutil.rmtree(root / "truth", ignore_errors=True)
    found.forces = plant(found.home)
    lines = commands(root)
    _run(found, lines[:3])
    _answers(found)
    _run(found, lines[3:] + later(root, found.forces["crimes", "crime_reference"]))
    yield found


def said_exit(planted: Planted, name: str) -> str:
    text = (planted.said / f"{name}.txt").read_text(encoding="utf-8")
    return re.findall(r"^exit (.*)$", text, re.MULTILINE)[-1] if "exit" in text else "none"
