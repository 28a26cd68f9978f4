"""Return checks: is this what this force agreed to send, for this quarter? Asked of what was read.

Each answers with reasons for the force, none when all is well. They name files, columns and record numbers,
never what a record holds.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from orchestration import quarters, strict_csv
from orchestration.home import seed_rows
from orchestration.ledger.receipts import received_as
from orchestration.returns.archive import Kept
from orchestration.returns.grids import NIL
from orchestration.returns.layouts import certain_force_codes, force_codes, force_numbers
from orchestration.returns.parsing import MANIFEST
from orchestration.returns.read_ahead import Sent
from orchestration.returns.reasons import Reason
from orchestration.returns.usable import blank_reference, cancelled_earlier, day, held_out, known_codes
from orchestration.spreadsheets import restored
from orchestration.strict_csv import NotRead

Records = dict[str, pa.Table]

# Above a half the file is another quarter's or force's; below it single records are, which staging holds out.
MOST = 0.5
FEWEST = 3
EXPLAINED = ("rule", "crime_reference", "explanation")
LISTED = ("file", "sha256", "records")
# bytes: a force lists some files, and explains tens of findings in a sentence each
LARGEST_BESIDE_RECORDS = 1024**2
MOST_BESIDE_RECORDS = 5_000
LONGEST_EXPLANATION = 2_000


def holds_crimes(records: Records, force: str) -> list[Reason]:
    """A return without a crime has to be declared nil: an empty export must not pass for nothing to report."""
    if records["crimes"].num_rows:
        return []
    sentence = (
        f"The return has no crimes of {force}; send it again, or a file {NIL} alone for nothing to report."
    )
    return [Reason("ST18", sentence)]


def of_the_forces(records: Records, prefixes: dict[str, str]) -> list[Reason]:
    """In a joint delivery every record has, in the prefix of its reference, whose it is."""
    starts = tuple(prefixes.values())
    reasons = []
    for kind, table in records.items():
        known = pc.match_substring_regex(table["crime_reference"], f"^({'|'.join(map(re.escape, starts))})")
        others = table.filter(pc.invert(pc.fill_null(known, False)))
        if others.num_rows:
            first = others.slice(0, 1).to_pylist()[0]
            sentence = (
                f"{first['file']}: {others.num_rows} {kind} (the first is record {first['record_number']}) "
                f"have a crime reference beginning with none of {', '.join(starts)}; correct or remove them."
            )
            reasons.append(Reason("ST21", sentence))
    return reasons


def usable_crimes(records: Records) -> list[Reason]:
    """Most crimes have to be countable: a return re-saved with dates in another form, or without its
    status, would be received and lost, and would replace a sound one."""
    crimes = records["crimes"]
    held = held_out(crimes)
    if (lost := _count(*held.values())) > MOST * crimes.num_rows:
        why = "; ".join(f"{_count(where)} {reason}" for reason, where in held.items())
        sentence = (
            f"{lost} of {crimes.num_rows} crimes could not be counted: {why}. Export them as the layout has them, "
            "filled in, and send the return again."
        )
        return [Reason("ST31", sentence)]
    for column, known in known_codes(crimes).items():
        unknown = crimes.num_rows - _count(known)
        if unknown > MOST * crimes.num_rows:
            sentence = (
                f"{unknown} of {crimes.num_rows} crimes have a {column} that is in no list: the column may hold "
                "something else; send the codes that the layout has there, or write to the centre what these mean."
            )
            return [Reason("ST32", sentence)]
    return []


def of_the_quarter(records: Records, quarter: str) -> list[Reason]:
    """Most crimes have to be recorded in the quarter; a date that cannot be read is not. Crimes of earlier quarters that
    are cancelled are left alone: a later return is where a force sends that."""
    crimes = records["crimes"]
    crimes = crimes.filter(pa.array(~cancelled_earlier(crimes, quarters.first_day(quarter))))
    found: Counter[str] = Counter()
    for pair in crimes["recorded_on"].drop_null().value_counts().to_pylist():
        if recorded_on := day(pair["values"]):
            found[quarters.of(recorded_on)] += pair["counts"]
    outside, unreadable = found.total() - found[quarter], crimes.num_rows - found.total()
    if outside + unreadable <= MOST * crimes.num_rows:
        return []
    other, count = found.most_common(1)[0] if found else ("", 0)
    likely = (
        f"this looks like the {other} return"
        if other != quarter and count > MOST * crimes.num_rows
        else "the dates are of many quarters"
    )
    blank = f", and {unreadable} have none that can be read" if unreadable else ""
    sentence = (
        f"{outside} of {crimes.num_rows} crimes have a recorded_on outside {quarter}{blank}: {likely}; "
        f"send the {quarter} return, or put this one in the folder of its quarter."
    )
    return [Reason("ST19", sentence)]


def of_the_force(records: Records, force: str, quarter: str) -> list[Reason]:
    """Most references must not be those of another force, by the two digits and slash that they begin with.

    How references begin is certain for few forces (`reference_certainty` in forces.csv): of the others it is only
    remarked on where most begin otherwise.
    """
    codes = force_codes()
    references = records["crimes"]["crime_reference"]
    starts = Counter(
        {
            pair["values"]: pair["counts"]
            for pair in pc.utf8_slice_codeunits(references.drop_null(), 0, 3).value_counts().to_pylist()
        }
    )
    most = MOST * len(references)
    # 23/ is Warwickshire's, and how a reference of 2023 may begin anywhere
    year = quarters.first_day(quarter).year
    years = {f"{year % 100:02}/", f"{(year - 1) % 100:02}/"}
    numbers = force_numbers()
    owner = next((name for name, code in numbers.items() if starts[code] > most and code not in years), None)
    others = len(references) - starts[codes[force]] if force in codes else 0
    if owner == force or (others <= most and not owner):
        return []
    if owner and force not in codes:
        sentence = (
            f"most crime references begin with {numbers[owner]}, the number of {owner}; look whether this is the return "
            f"of {force}."
        )
        return [Reason("ST33", sentence)]
    likely = f"they look like those of {owner}" if owner else "they may be another force's"
    begin = f"{others} of {len(references)} crime references do not begin with {codes[force]}"
    if owner or force in certain_force_codes():
        sentence = f"{begin}, as those of {force} do: {likely}; send the return of {force}."
        return [Reason("ST20", sentence)]
    sentence = f"{begin}, as those of {force} are thought to; look whether this is its return."
    return [Reason("ST33", sentence)]


def persons_of_its_crimes(records: Records) -> list[Reason]:
    """Most victims and suspects have to have a reference, and be on a crime of the return: a file of
    another quarter would not be."""
    crimes = records["crimes"]
    reasons = []
    for kind, reference in (("victims", "victim_reference"), ("suspects", "suspect_reference")):
        persons = records[kind]
        blank = blank_reference(persons["crime_reference"]) | pc.is_null(persons[reference]).to_numpy()
        known = pc.is_in(persons["crime_reference"], value_set=_one(crimes["crime_reference"]))
        strangers = ~blank & ~known.to_numpy()
        # who is on a crime that is held out is lost with it: most crimes are not, and rules HO02 and HO03 count the rest
        most, lost = MOST * persons.num_rows, _count(blank, strangers)
        # FEWEST: one or two stray persons of a small force are records to hold out, not another file
        if not (_count(blank) > most or lost > max(most, FEWEST)):
            continue
        file = persons["file"][0].as_py()
        if _count(strangers) > max(most, FEWEST):
            sentence = (
                f"{file}: {_count(strangers)} of {persons.num_rows} {kind} are on no crime of this return: the file may "
                f"be of another quarter or force; send the {kind} of these crimes."
            )
            reasons.append(Reason("AC01", sentence))
            continue
        why = [
            f"{_count(where)} {what}"
            for what, where in (
                ("have no reference of a crime or person", blank),
                ("are on no crime of this return", strangers),
            )
            if where.any()
        ]
        sentence = (
            f"{file}: {lost} of {persons.num_rows} {kind} could not be counted: {'; '.join(why)}. Fill in the "
            f"references and send the return again."
        )
        reasons.append(Reason("AC02", sentence))
    return reasons


def _one(texts: pa.ChunkedArray) -> pa.Array:
    return texts.drop_null().combine_chunks()


def _count(*masks: np.ndarray) -> int:
    return int(sum(mask.sum() for mask in masks))


def refuses(reason: Reason) -> bool:
    """Whether what was found refuses the return, or is only remarked on."""
    return _outcomes().get(reason.code) != "reports"


@cache
def _outcomes() -> dict[str, str]:
    return {row["code"]: row["outcome"] for row in seed_rows("return_checks.csv")}


def not_received_before(
    connection: Connection, files: dict[str, Kept], delivered_as: str, quarter: str
) -> list[Reason]:
    """A file with crimes is of one quarter and one force: the same bytes cannot stand for another."""
    by_digest = {file.sha256: name for name, file in files.items()}
    reasons = []
    for row in received_as(connection, by_digest):
        if (row.quarter, row.delivered_as) != (quarter, delivered_as):
            sentence = (
                f"{by_digest[row.sha256]}: is byte for byte what came as {row.force} {row.quarter} submission "
                f"{row.submission}; send the {quarter} return of {delivered_as}."
            )
            reasons.append(Reason("EQ02", sentence))
    return reasons[:1]


def explanations(files: dict[str, Path]) -> tuple[list[dict[str, Any]], list[Reason]]:
    """What the force explains, as rows of the ledger, and remarks on what of it cannot be used.

    A remark refuses nothing: the records are what the deadline is about.
    """
    explained: list[dict[str, Any]] = []
    remarks: list[Reason] = []
    number = 0
    for name, path in files.items():
        try:
            rows = _rows(path, name, EXPLAINED, must=EXPLAINED)
        except NotRead as problem:
            remarks.append(Reason("FL37", f"{problem} Nothing of it was taken."))
            continue
        unusable = []
        for line, row in enumerate(rows, 1):
            number += 1
            rule, text = row["rule"].upper(), row["explanation"]
            if not text:
                continue  # of the fill-in that a pack brings: nothing is explained, and it is asked again
            if rule in _codes() and len(text) <= LONGEST_EXPLANATION:
                reference = restored(row["crime_reference"]) or None
                explained.append(
                    {"record_number": number, "rule": rule, "crime_reference": reference, "explanation": text}
                )
            else:
                unusable.append(line)
        if unusable:
            sentence = (
                f"{name}: {len(unusable)} of {len(rows)} explanations (the first is record {unusable[0]}) name no rule "
                f"of the return pack, or are longer than {LONGEST_EXPLANATION:,} characters; correct them in the next "
                "submission."
            )
            remarks.append(Reason("FL38", sentence))
    return explained, remarks


def explained_by(explained: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """Of a joint return's explanations those of one force: by reference, and those about no single crime."""
    return [row for row in explained if (row["crime_reference"] or prefix).startswith(prefix)]


def as_listed(manifest: Path, files: dict[str, Kept], tables: Iterable[Sent], part: str = "") -> list[Reason]:
    """What came in the manifest's folder (`part`: blank or `part-1-of-2/`) is what it lists: files, SHA-256, records."""
    files = {name: file for name, file in files.items() if name.rpartition("/")[0] == part.rstrip("/")}
    try:
        rows = _rows(manifest, f"{part}{MANIFEST}", LISTED, must=LISTED[:1])
    except NotRead as problem:
        return [Reason("FL28", str(problem))]
    listed = {f"{part}{row['file']}": row for row in rows}
    if len(listed) < len(rows):
        sentence = f"{part}{MANIFEST}: lists a file twice; keep one row for each file."
        return [Reason("FL28", sentence)]
    reasons = [
        Reason("FL29", f"{name}: is not listed in {MANIFEST}; list it or leave it out.")
        for name in files
        if name not in listed
    ]
    counted: Counter[str] = Counter()
    for table in tables:
        assert table.filled is not None, "rows are counted where a manifest lists them"
        counted[table.file] += table.filled
    for name, row in listed.items():
        if name not in files:
            reasons.append(Reason("FL29", f"{name}: is listed in {MANIFEST} but has not come; send it."))
        elif row.get("sha256") and row["sha256"].lower() != files[name].sha256:
            sentence = (
                f"{name}: its SHA-256 is not the one in {MANIFEST}; it changed on the way, send it again."
            )
            reasons.append(Reason("FL30", sentence))
        elif row.get("records") and name in counted and row["records"] != str(counted[name]):
            sentence = (
                f"{name}: has {counted[name]} records, which is not the number in {MANIFEST}; "
                "records were lost or added, send the file again."
            )
            reasons.append(Reason("FL31", sentence))
    return reasons


def _rows(path: Path, name: str, columns: tuple[str, ...], must: tuple[str, ...]) -> list[dict[str, str]]:
    """What a force wrote beside its records. Raises NotRead where it is no small UTF-8 CSV with these columns."""
    table = strict_csv.read(path, name, LARGEST_BESIDE_RECORDS)
    rows = table.dicts()
    if not rows or not rows[0].keys() >= set(must):
        raise NotRead(
            f"{name}: cannot be read; it has to be UTF-8 CSV with the columns {', '.join(columns)}."
        )
    if len(rows) > MOST_BESIDE_RECORDS:
        raise NotRead(
            f"{name}: has {len(rows):,} rows and may have {MOST_BESIDE_RECORDS:,}; is it another file? Send what was meant."
        )
    return rows


@cache
def _codes() -> set[str]:
    """Every code that a return pack names: what can be explained."""
    codes = set()
    for seed, column in (("rules.csv", "rule"), ("return_checks.csv", "code")):
        codes |= {row[column] for row in seed_rows(seed)}
    return codes
