"""Returns of eight forces in six layouts, each with things to correct, and names and dates of birth to keep from leaving."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from written import Record, Records, crime, suspect, victim, write_return

from orchestration.home import Home
from orchestration.returns.layouts import layout_for

QUARTER = "2023-Q1"
# delivered as -> how the crime references of its force, or of each of its forces, are written
REFERENCES = {
    "metropolitan": ("771{}/23",),
    "avon-and-somerset": ("522300{}",),
    "kent": ("46/{}/23",),
    "norfolk-and-suffolk": ("36/{}/23", "37/{}/23"),
    "west-midlands": ("20/{}/23",),
    "greater-manchester": ("CRI/06AA/000{}/23",),
    "durham": ("CRI0000{}",),
}
FORCES = sorted({*REFERENCES, "norfolk", "suffolk"} - {"norfolk-and-suffolk"})

# No synthetic name, place or code holds these; the dates are no one's date of offence.
SURNAME, FORENAMES = "ZQXSURNAME", "ZQXFORENAME"
BORN = "2011-07-31"
NO_DAY = "ZQXBIRTH"
WRITTEN = (SURNAME, FORENAMES, NO_DAY, BORN, "31/07/2011")


def records(reference: str) -> Records:
    """A sound crime for each of a dozen, and one for each thing that a pack may hold."""
    sound = [crime(number, reference) for number in range(12)]
    # four, for up to three records of a rule are tolerated
    old = [crime(number, reference, outcome_code="1", outcome_on="2023-01-01") for number in range(30, 34)]
    unknown = crime(
        21, reference, offence_code="99/99", offenders_stated="2.0", location_type="=HYPERLINK(here)"
    )
    adult = crime(22, reference, offence_code="20B")
    without_code = crime(23, reference, offence_code=None)
    no_day = crime(24, reference, recorded_on="30.02.2023")
    late = crime(25, reference, recorded_on="2023-04-01")
    crimes = [*sound, *old, unknown, adult, without_code, no_day, late]
    for one in crimes:
        one |= {"committed_from": "2023-01-20", "committed_to": "2023-02-01"}
    victims = [victim(one, **_person(number)) for number, one in enumerate(crimes)]
    victims[crimes.index(adult)] |= {"age_at_offence": "44"}
    victims[crimes.index(old[0])] |= {"gender": "@SUM(1)"}
    suspects = [suspect(one, **_person(number)) for number, one in enumerate(crimes)]
    return {"crimes": crimes, "victims": victims, "suspects": suspects}


def _person(number: int) -> Record:
    return {
        "surname": SURNAME,
        "forenames": FORENAMES,
        "date_of_birth": NO_DAY if number == 3 else BORN,
    }


def deliver(landing: Path, delivered_as: str) -> Path:
    """Write the return of one force, or of a joint delivery, where intake looks for it."""
    together: Records = {"crimes": [], "victims": [], "suspects": []}
    for reference in REFERENCES[delivered_as]:
        for kind, rows in records(reference).items():
            together[kind] += rows
    folder = landing / QUARTER / delivered_as
    write_return(folder, layout_for(delivered_as, QUARTER), together)
    return folder


# the commands themselves, in a process whose every word is kept; in one, for each takes 8 s to import what it needs
ONE_AFTER_ANOTHER = """
import sys
from orchestration.command import cpai, quiet_teardown
quiet_teardown()
home, quarter = sys.argv[1:]
for verb in ("run", "pack", "publish"):
    try:
        cpai(["--home", home, verb, quarter])
    except SystemExit:
        pass
"""


@pytest.fixture(scope="session")
def answered(tmp_path_factory, parsed) -> Home:
    """A home where eight forces' returns in six layouts were received, built and answered, by the commands.

    What the commands printed is beside it, in `said.txt`.
    """
    place = Home(tmp_path_factory.mktemp("answered") / "home")
    shutil.copytree(parsed, place.dbt / "target")
    for delivered_as in REFERENCES:
        deliver(place.landing, delivered_as)
    with (place.root.parent / "said.txt").open("wb") as said:
        command = [sys.executable, "-c", ONE_AFTER_ANOTHER, str(place.root), QUARTER]
        subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=True)
    return place


@pytest.fixture(scope="session")
def packs(answered) -> dict[str, dict]:
    """force -> its pack of the national run."""
    files = (answered.root / "packs" / QUARTER).glob("*/pack.json")
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {pack["force"]: pack for pack in read}
