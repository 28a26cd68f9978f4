"""What forces and readers may do, one thing after another, on a few crimes and persons that meet again and again."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from by_hand import write_raw

from orchestration.home import Home
from orchestration.returns import raw

FORCES = ("kent", "essex", "cleveland")
QUARTERS = ("2023-Q2", "2023-Q3", "2024-Q1")
REFERENCES = tuple(f"CR/{number}" for number in range(5))
CODES = ("19/16", "19J", "86/2", "8/1", "105/1", "N100", "SX99")
PERSONS = tuple(
    {"surname": f"Surname{n}", "forenames": "Forename", "date_of_birth": f"201{n}-01-0{n + 1}"}
    for n in range(3)
)
SUMMARIES = (None, "coded summary", "two or more offenders")
CLASSES = ("19C", "19D", "19J", "20A")
# a spelling means something else in a return that is read by the other layout
LAYOUTS = {"national": "athena", "athena": "national"}
# by seed, other cells of it: given twice they are those of before
OTHER_CELLS = {
    "offences": "update reference.offences set contact = if(contact = 'Y', 'N', 'Y') where offence_code in ('8/1', '19J')",
    "code_spellings": "update reference.code_spellings set spelling = if(spelling = 'True', 'perhaps', 'True') "
    "where field = 'flag' and spelling in ('True', 'perhaps')",
    "text_cues": "update reference.text_cues set cue = if(cue = 'two or more', 'coded', 'two or more') "
    "where cue in ('two or more', 'coded')",
    "link_limits": "update reference.link_limits set crimes = 6 - crimes",
    "recall_samples": "update reference.recall_samples set crimes = 3 - crimes",
    "rules": "update reference.rules set tolerance_records = 4 - tolerance_records where tolerance_records is not null",
    "forces": "update reference.forces set name = if(name = 'Kent', 'Another name', 'Kent') where force = 'kent'",
}


def person(kind: str, number: int | None) -> dict[str, str | None]:
    """One of PERSONS as a victim or suspect; without a number one that has no reference."""
    reference = None if number is None else f"{kind[0].upper()}{number}000"
    return {f"{kind}_reference": reference, **PERSONS[number or 0]}


@dataclass
class World:
    """What has been sent and read so far, and the home in which it lies as raw files."""

    home: Home
    records: dict[str, list[dict]] = field(
        default_factory=lambda: {"crimes": [], "victims": [], "suspects": []}
    )
    submissions: list[dict] = field(default_factory=list)
    readings: list[dict] = field(default_factory=list)
    slots: list[dict] = field(default_factory=list)
    releases: int = 0

    def write(self) -> None:
        """Every file as it is now; one that holds its rows already is let be."""
        write_raw(self.home, self.records, self.submissions, self.readings)
        schema = raw.reading_slots_schema()
        raw.write(pa.Table.from_pylist(self.slots, schema=schema), self.home.raw / "reading_slots.parquet")

    def receive(self, force: str, quarter: str, status: str, crimes: list[dict] = []) -> None:  # noqa: B006 - read only
        """Another submission of a return."""
        number = 1 + sum((row["force"], row["quarter"]) == (force, quarter) for row in self.submissions)
        place = {"force": force, "quarter": quarter, "submission": number}
        received_at = f"2025-01-01T00:00:{len(self.submissions):02d}+00:00"
        self.submissions.append({**place, "status": status, "received_at": received_at})
        for crime in crimes if status == "accepted" else []:
            own = {**place, "crime_reference": crime["crime_reference"]}
            victims, suspects = crime["victims"], crime["suspects"]
            self.records["crimes"].append({**own, **crime["columns"]})
            # in one order wherever it runs: that of None in a set is not the same in every process
            for kind, numbers, gender in (("victim", victims, "F"), ("suspect", suspects, "M")):
                self.records[f"{kind}s"] += [
                    {**own, **person(kind, n), "gender": gender} for n in sorted(numbers, key=str)
                ]

    def read_anew(self, force: str) -> None:
        """All returns of a force are read again by another layout."""
        for records in self.records.values():
            for row in records:
                if row["force"] == force:
                    row["layout"] = LAYOUTS[row.get("layout", "national")]

    def read(self, candidates: list[tuple[str, str, str]], which: int, answer: dict[str, Any]) -> None:
        """A reading of one of these candidates: the first of its version, the second, then an adjudicator's."""
        if not candidates:
            return
        force, reference, version = candidates[which % len(candidates)]
        key = {"force": force, "crime_reference": reference, "version": version}
        before = [row["role"] for row in self.readings if {name: row[name] for name in key} == key]
        if len(before) < 3:
            role = ("first", "second", "adjudicator")[len(before)]
            self.readings.append({**key, "role": role, "reader": f"reader{len(before)}", **answer})

    def ask_twice(self, candidates: list[tuple[str, str, str]], which: int) -> None:
        """A second reading of one of these candidates falls due."""
        if not candidates:
            return
        force, reference, version = candidates[which % len(candidates)]
        slot = {"slot": len(self.slots) + 1, "force": force, "crime_reference": reference, "version": version}
        due = {"quarter": QUARTERS[0], "role": "second", "because": "drawn", "round": 1}
        if not any(
            (row["force"], row["crime_reference"], row["version"]) == (force, reference, version)
            for row in self.slots
        ):
            self.slots.append({**slot, **due, "opened_at": "2025-01-01T00:00:00+00:00"})

    def count_anew(self, crimes: int) -> None:
        """Another release of police recorded crime, with a count of its own for each class."""
        self.releases += 1
        rows = [
            {
                "published_on": f"2025-01-{self.releases:02d}",
                "file": f"prc-{self.releases}.csv",
                "file_sha256": f"{self.releases:064d}",
                "quarter": quarter,
                "force": force,
                "offence_class": offence_class,
                "crimes": crimes + place,
            }
            for force in FORCES
            for quarter in QUARTERS
            for place, offence_class in enumerate(CLASSES[: 1 + self.releases])
        ]
        table = pa.Table.from_pylist(rows, schema=raw.police_recorded_crime_schema())
        raw.write(table, self.home.raw / "police_recorded_crime" / f"prc-{self.releases}.parquet")


def begin(home: Home) -> World:
    """A world in which every force has sent a first return of nothing."""
    world = World(home)
    for force in FORCES:
        world.receive(force, QUARTERS[0], "nil")
    return world
