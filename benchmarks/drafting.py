"""Layouts drafted for crime systems that nobody has seen: the share of columns right, wrong and left open.

`python -m benchmarks.drafting` writes an extract of each system of `imagined_systems.csv` (their headings, what each
feeds, and columns that a return has no use for), drafts a layout for it and compares. Wrong is a column that is said
to feed what it does not; open is one left to the person though it feeds something.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

from orchestration.home import seed_rows
from orchestration.returns.layouts.drafting import draft
from orchestration.returns.layouts.trial import trial

SYSTEMS = Path(__file__).with_name("imagined_systems.csv")
MOST_WRONG = 0.01
FORCE, QUARTER = "surrey", "2027-Q1"
SLOTS = 5

Target = tuple[str, str]
Record = dict[str, str]


@dataclass(frozen=True)
class System:
    """How an imagined system writes: its shape, and how its cells are written."""

    form: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    date_format: str = "%Y-%m-%d"
    yes_no: tuple[str, str] = ("Y", "N")
    roles: tuple[str, ...] = ()
    title_rows: int = 0
    codes: int = 0  # which of the spellings of an offence code


HOW = {
    "corvus": System(delimiter=";", encoding="utf-16", date_format="%d-%b-%Y", roles=("VIC", "SUS", "WIT")),
    "heron": System(form="xlsx", title_rows=3, yes_no=("Yes", "No"), codes=1),
    "kestrel": System(delimiter="|", date_format="%d/%m/%Y", yes_no=("1", "0"), codes=2),
    "lapwing": System(delimiter=";", encoding="utf-8-sig", date_format="%d.%m.%Y", yes_no=("true", "false")),
    "merlin": System(date_format="%d-%b-%Y", codes=1),
    "osprey": System(form="xlsx", title_rows=2, yes_no=("Yes", "No"), codes=2),
    "plover": System(form="xlsx", codes=1),
    "redwing": System(delimiter="\t", date_format="%Y%m%d", codes=2),
    "siskin": System(
        encoding="cp1252", date_format="%d/%m/%Y %H:%M", roles=("Victim", "Suspect", "Witness"), title_rows=1
    ),
    "whinchat": System(delimiter=";", encoding="latin-1", date_format="%d/%m/%Y", yes_no=("Y", "N"), codes=2),
    # written when the words of headings were there already
    "avocet": System(form="xlsx", title_rows=2),
    "bittern": System(delimiter=";", yes_no=("true", "false"), codes=1),
    "curlew": System(date_format="%d/%m/%Y", encoding="cp1252"),
    "dipper": System(delimiter="|", date_format="%d/%m/%Y %H:%M:%S", roles=("VIC", "SUSP", "WIT"), codes=2),
    "egret": System(form="xlsx", title_rows=4, yes_no=("Yes", "No")),
    "firecrest": System(delimiter="\t", encoding="utf-16", date_format="%d-%b-%Y", codes=1),
    "goosander": System(form="xlsx", title_rows=1),
    "harrier": System(date_format="%d.%m.%Y", roles=("Victim", "Suspect", "Witness"), codes=1),
    "ibis": System(delimiter=";", date_format="%Y%m%d", codes=2),
    "jackdaw": System(form="xlsx", title_rows=5, yes_no=("Yes", "No")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crimes", type=int, default=120)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--systems", type=Path, default=SYSTEMS)
    parser.add_argument(
        "--trial", action="store_true", help="read the extracts by their drafts as they stand"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.trial:
            sys.exit(not tried(Path(folder), options.crimes, options.systems))
        found = measure(Path(folder), options.crimes, range(options.runs), options.systems)
    if options.json:
        print(json.dumps({"columns": found.columns, **found.shares, "not_right": found.not_right}))
    else:
        for line in found.not_right:
            print(line)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in found.shares.items())
        print(f"{found.columns} columns of {len(vocabulary(options.systems))} systems: {shares}")
    sys.exit(found.shares["wrong"] > MOST_WRONG)


@dataclass(frozen=True)
class Found:
    """Columns by verdict, and a line for each that is not right."""

    verdicts: Counter[str]
    not_right: list[str]

    @property
    def columns(self) -> int:
        return sum(self.verdicts.values())

    @property
    def shares(self) -> dict[str, float]:
        return {name: self.verdicts[name] / self.columns for name in ("right", "wrong", "open")}


def measure(folder: Path, crimes: int, seeds: range, systems: Path = SYSTEMS) -> Found:
    """Every system drafted from extracts of so many crimes, once for each seed."""
    verdicts: Counter[str] = Counter()
    not_right: list[str] = []
    for seed in seeds:
        for name, parts in vocabulary(systems).items():
            files = write(folder / f"{name}-{seed}", parts, HOW[name], records(random.Random(seed), crimes))
            for part, heading, verdict, said in judge(parts, files):
                verdicts[verdict] += 1
                if verdict != "right":
                    not_right.append(f"{verdict:<6}{name:<10}{part:<10}{heading:<40}{said}")
    return Found(verdicts, sorted(set(not_right)))


def tried(folder: Path, crimes: int, systems: Path = SYSTEMS) -> bool:
    """Whether every draft, as it stands, has all crimes and persons of its extract received and none held out."""
    exact = True
    for name, parts in vocabulary(systems).items():
        made = records(random.Random(3), crimes)
        files = write(folder / name, parts, HOW[name], made)
        found = trial(draft(files, FORCE, QUARTER), files, FORCE, QUARTER)
        expected = {
            kind: sum(len(crime[kind]) for crime in made) for kind in ("crimes", "victims", "suspects")
        }
        if _one_victim_a_row(parts):
            expected["victims"] = crimes
        received = {one.record_type: one.received - one.duplicate - one.held_out for one in found.counts}
        exact &= received == expected
        print(
            f"{name:<10} {'exact' if received == expected else f'{received} of {expected} {found.refused}'}"
        )
    return exact


def _one_victim_a_row(parts: Parts) -> bool:
    """Suspects side by side leave room for one victim in a crime's row."""
    headings = [heading for part in parts.values() for heading in part.items() if "{n}" in heading[0]]
    return bool(headings) and not any(kind == "victims" for _, (feeds, _) in headings for kind, _ in feeds)


Parts = dict[str, dict[str, tuple[set[Target], str]]]
"""part -> heading -> what it feeds, and of a column that feeds nothing what it holds."""


def vocabulary(systems: Path = SYSTEMS) -> dict[str, Parts]:
    """System -> its parts, headings and what each feeds."""
    found: dict[str, Parts] = defaultdict(lambda: defaultdict(dict))
    with systems.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            feeds, _ = found[row["system"]][row["part"]].setdefault(row["heading"], (set(), row["cells"]))
            if row["record_type"]:
                feeds.add((row["record_type"], row["column"]))
    return found


def judge(parts: Parts, files: dict[str, Path]) -> list[tuple[str, str, str, str]]:
    """(part, heading, right or wrong or open, what was proposed) for each column of a system's files."""
    drafted = draft(files, FORCE, QUARTER)
    # rows of one file or sheet are one table, however many parts it is read as
    table_of = {row["part"]: (row["file_pattern"], row["sheet"]) for row in drafted.layouts}
    said: dict[tuple[str, str], dict[str, set[Target]]] = defaultdict(lambda: defaultdict(set))
    why: dict[tuple[tuple[str, str], str], str] = {}
    for one in drafted.proposals:
        table = table_of[one.part]
        said[table][one.heading] |= {(one.record_type, one.column)} if one.record_type else set()
        why[table, one.heading] = one.because
    found = []
    for name, headings in parts.items():
        grouped = _grouped(headings)
        known = {
            heading.replace("/", " ") if grouped else heading: cells for heading, cells in headings.items()
        }
        table = max(said, key=lambda table: len(said[table].keys() & known.keys()))
        for heading, (feeds, _) in known.items():
            proposed = said[table].get(heading, set())
            verdict = "right" if proposed == feeds else "wrong" if proposed - feeds else "open"
            targets = " ".join(sorted(".".join(one) for one in proposed))
            found.append((name, heading, verdict, f"{targets} ({why.get((table, heading), 'not found')})"))
    return found


def _grouped(headings: dict[str, object]) -> bool:
    """Headings over two rows are written `GROUP/Name` in the vocabulary."""
    return all("/" in heading for heading in headings)


# Records of every shape, and their files


def records(rng: random.Random, crimes: int) -> list[dict[str, list[Record]]]:
    """Made-up crimes with 0 to 3 victims and 0 to SLOTS suspects each."""
    codes = [row for row in seed_rows("offences.csv") if row["five_digit"] and row["offence_group"]]
    outcomes = [row["code"] for row in seed_rows("outcomes.csv")]
    relationships = [row["code"] for row in seed_rows("relationships.csv")]
    made = []
    for number in range(crimes):
        offence, day = rng.choice(codes), date(2027, 1, 1) + timedelta(days=rng.randrange(90))
        cancelled = rng.random() < 0.08
        reported, last = day - timedelta(days=rng.randrange(9)), day - timedelta(days=rng.randrange(10, 4000))
        victims = rng.choice((1, 1, 1, 1, 2, 3))
        suspects = rng.choice((0, 1, 1, 1, 2, 3, SLOTS))
        crime = {
            "crime_reference": f"{rng.randrange(10):02}CR/{100_000 + 37 * number}/27",
            "incident_reference": f"{500 + number}-{day:%d%m%y}" if rng.random() < 0.8 else "",
            "offence_code": "|".join(
                (offence["offence_code"], f"0{offence['offence_code']}"[-6:], offence["five_digit"])
            ),
            "offence_description": offence["name"],
            "recorded_on": day.isoformat(),
            "reported_on": reported.isoformat(),
            "committed_from": (last - timedelta(days=rng.choice((0, 0, 30)))).isoformat(),
            "committed_to": last.isoformat(),
            "status": "Cancelled" if cancelled else "Recorded",
            "cancellation_code": rng.choice(("C1", "C2", "C3", "C4")) if cancelled else "",
            "cancelled_on": (day + timedelta(days=5)).isoformat() if cancelled else "",
            "linked_crime_reference": f"09CR/{1000 + number}/26" if cancelled else "",
            **{flag: rng.choice("YN") for flag in ("csa_flag", "cse_flag", "online_flag", "children_flag")},
            "offenders_stated": str(max(1, suspects)) if rng.random() < 0.8 else "",
            "location_type": rng.choice(("victim_home", "online", "hotel", "vehicle")),
            "local_authority": f"E0700{rng.randrange(100, 120):04}",
            "outcome_code": rng.choice(outcomes) if rng.random() < 0.6 else "",
            "outcome_on": (day + timedelta(days=20)).isoformat() if rng.random() < 0.6 else "",
            "summary": f"Coded note S{rng.randrange(10, 99)}, offenders: two or more",
        }
        made.append(
            {
                "crimes": [crime],
                "victims": [
                    _person(rng, (2, 17)) | {"victim_reference": f"P{10 * number + slot}"}
                    for slot in range(victims)
                ],
                "suspects": [
                    _person(rng, (14, 70))
                    | {
                        "suspect_reference": f"N{10 * number + slot}",
                        "identified": rng.choice("YN"),
                        "role": "suspect",
                        "deceased": "N",
                        "relationship": rng.choice(relationships),
                        "arrested_on": (day + timedelta(days=4)).isoformat(),
                    }
                    for slot in range(suspects)
                ],
            }
        )
    return made


def _person(rng: random.Random, ages: tuple[int, int]) -> Record:
    age = rng.randint(*ages)
    return {
        "gender": rng.choice("MFFU"),
        "age_at_offence": str(age),
        "date_of_birth": (date(2026 - age, 1, 1) + timedelta(days=rng.randrange(365))).isoformat(),
        "self_defined_ethnicity": rng.choice(("W1", "A1", "B2", "O9", "M3", "")),
        "observed_ethnicity": rng.choice(("IC1", "IC2", "IC3", "IC4", "")),
        "disability": rng.choice("YN"),
        "nationality": rng.choice(("GBR", "POL", "IND")),
    }


def ignored(rng: random.Random, kind: str, how: System) -> str:
    """A cell of a column that a return has no use for."""
    return {
        "words": lambda: rng.choice(("Hartley", "Okoro", "Lindqvist", "Brook", "Adeyemi", "Marsh", "Tanaka")),
        "beat": lambda: f"{rng.choice('ABCD')}{rng.randrange(1, 9)}{rng.choice('NSEW')}",
        "collar": lambda: str(rng.randrange(1000, 9999)),
        "postcode": lambda: f"ZZ{rng.randrange(1, 99)} {rng.randrange(1, 9)}ZZ",
        "phone": lambda: f"07700 900{rng.randrange(100, 999)}",
        "ward": lambda: f"E05{rng.randrange(10_000, 10_200):06}",
        "date": lambda: (date(2027, 1, 1) + timedelta(days=rng.randrange(120))).strftime(how.date_format),
        "flag": lambda: rng.choice(how.yes_no),
        "number": lambda: str(rng.randrange(0, 9)),
    }[kind]()


def write(folder: Path, parts: Parts, how: System, made: list[dict[str, list[Record]]]) -> dict[str, Path]:
    """A system's extract of the records: file name -> path."""
    folder.mkdir(parents=True)
    rng = random.Random(len(parts))
    tables = {name: _rows(name, headings, how, made, rng) for name, headings in parts.items()}
    if how.form == "xlsx":
        return {"extract.xlsx": _workbook(folder / "extract.xlsx", tables, parts, how)}
    files = {}
    for name, (headings, rows) in tables.items():
        text = io.StringIO()
        title = [[f"Extract {number}"] for number in range(how.title_rows)]
        csv.writer(text, delimiter=how.delimiter).writerows([*title, headings, *rows])
        file = f"{name}_2027Q1.csv"
        (folder / file).write_bytes(text.getvalue().encode(how.encoding))
        files[file] = folder / file
    return files


def _workbook(path: Path, tables: dict, parts: Parts, how: System) -> Path:
    book = xlsxwriter.Workbook(path)
    for name, (headings, rows) in tables.items():
        sheet = book.add_worksheet(name.title())
        for number in range(how.title_rows):
            sheet.write_string(number, 0, f"Extract {number}")
        at = how.title_rows
        if _grouped(parts[name]):
            groups = [heading.partition("/")[0] for heading in headings]
            for column, group in enumerate(groups):
                if column == 0 or group != groups[column - 1]:
                    last = max(place for place, other in enumerate(groups) if other == group)
                    sheet.merge_range(at, column, at, last, group)
            headings, at = [heading.partition("/")[2] for heading in headings], at + 1
        sheet.write_row(at, 0, headings)
        for number, row in enumerate(rows, at + 1):
            sheet.write_row(number, 0, row)
    book.close()
    return path


def _rows(
    name: str, headings: dict, how: System, made: list[dict[str, list[Record]]], rng: random.Random
) -> tuple[list[str], list[list[str]]]:
    """The headings as written (a repeated group's SLOTS times), and a row for each record or person."""
    slots = [(heading, slot) for slot in range(SLOTS) for heading in headings if "{n}" in heading]
    plain = [(heading, 0) for heading in headings if "{n}" not in heading]
    columns = plain + slots
    rows = []
    for crime in made:
        for row in _units(name, headings, how, crime, bool(slots)):
            cells = []
            for heading, slot in columns:
                feeds, kind = headings[heading]
                if kind == "role":
                    cells.append(row["role"])
                elif kind:
                    cells.append(ignored(rng, kind, how))
                else:
                    cells.append(_cell(feeds, row, slot, how))
            rows.append(cells)
    return [heading.replace("{n}", str(slot + 1)) for heading, slot in columns], rows


def _units(name: str, headings: dict, how: System, crime: dict[str, list[Record]], wide: bool) -> list[dict]:
    """One for each row that a crime has in a table."""
    if any(kind == "role" for _, kind in headings.values()):
        persons = [
            *(("victims", one) for one in crime["victims"]),
            *(("suspects", one) for one in crime["suspects"]),
        ]
        said = dict(zip(("victims", "suspects", ""), how.roles, strict=True))
        return [
            {"crimes": crime["crimes"], kind: [one], "role": said[kind]} for kind, one in [*persons, ("", {})]
        ]
    if wide:
        repeated = {kind for heading, (feeds, _) in headings.items() if "{n}" in heading for kind, _ in feeds}
        victims = crime["victims"] if "victims" in repeated else crime["victims"][:1]
        return [{**crime, "victims": victims}]
    kinds = {
        kind
        for feeds, _ in headings.values()
        for kind, column in feeds
        if column != "crime_reference" or len(feeds) == 1
    }
    if len(kinds) == 1:
        kind = kinds.pop()
        return [{"crimes": crime["crimes"], kind: [one]} for one in crime[kind]]
    return [
        {"crimes": crime["crimes"], "victims": [victim], "suspects": [suspect]}
        for victim in crime["victims"] or [{}]
        for suspect in crime["suspects"] or [{}]
    ]


def _cell(feeds: set[Target], row: dict, slot: int, how: System) -> str:
    for kind, column in sorted(feeds):
        kind = "crimes" if column == "crime_reference" else kind
        records = row.get(kind) or []
        if slot < len(records) and (text := records[slot].get(column, "")):
            return _written(column, text, how)
    return ""


def _written(column: str, text: str, how: System) -> str:
    if column == "offence_code":
        return text.split("|")[how.codes]
    if len(text) == 10 and text[4] == text[7] == "-":
        return date.fromisoformat(text).strftime(how.date_format)
    flags = column.endswith("_flag") or column in ("disability", "deceased", "identified")
    return how.yes_no[text == "N"] if flags else text


if __name__ == "__main__":
    main()
