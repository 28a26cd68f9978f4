"""What is erased by law, taken out of what was received: raw records, the archive, landing.

The archive is write-once by SHA-256, and no workbook can be trusted to be rewritten whole (a pivot keeps its records in a
cache, a comment its text). So an original that held an erased record goes with every file of its delivery, and what was
read from it takes its place: the submission's raw files, without the record, each under its own SHA-256. From these raw
is made again when it is damaged; bytes of the original, what no layout reads among them, are gone.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine, select

from orchestration import parquet
from orchestration.home import Home, seed_rows
from orchestration.ledger import erasures, evidence
from orchestration.ledger.erasures import ARCHIVE, Marks
from orchestration.ledger.receipts import (
    read_raw_files,
    read_submissions,
    record_raw_files,
)
from orchestration.ledger.tables import raw_files, submission_files, submissions
from orchestration.ledger.transactions import writing
from orchestration.printing import counted
from orchestration.returns import archive, raw
from orchestration.returns.layouts import part_of
from orchestration.returns.layouts.parts import RECORD_TYPES, REFERENCES
from orchestration.returns.reasons import Reason

Row = Mapping[str, Any]
PERSONS = {"victim": "victims", "suspect": "suspects"}
# of other records: what names an erased victim, or tells how one stood to a suspect
OF_THE_VICTIM = ("victim_reference", "relationship")
LINK = "linked_crime_reference"
TAKEN_OUT, ACCEPTED = "taken_out", "accepted"  # what becomes of an erased record that is sent again


@dataclass(frozen=True)
class Wanted:
    """What is to go: a crime, or a person on one (`victim`, `suspect`), by their marks. `keeps_text`: somebody looked at
    the free text of the person's crime, and it stays."""

    kind: str
    force: str
    mark: str
    crime_mark: str
    keeps_text: bool = False

    @classmethod
    def of(cls, erasure: Row) -> "Wanted":
        keeps_text = erasure["plan"].get("keeps_text", False)
        return cls(erasure["kind"], erasure["force"], erasure["mark"], erasure["crime_mark"], keeps_text)


@dataclass
class Found:
    """What a submission has of it: the rows to drop of each record type, those with cells to blank, the files of its
    delivery, and the references as they are written there."""

    row: Row
    drops: dict[str, np.ndarray] = field(default_factory=dict)
    blanks: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        return {kind: int(rows.sum()) for kind, rows in self.drops.items() if rows.any()}

    @property
    def cells(self) -> int:
        return sum(int(rows.sum()) for columns in self.blanks.values() for rows in columns.values())

    def __bool__(self) -> bool:
        return bool(self.counts or self.cells)


def find(home: Home, engine: Engine, marks: Marks, wanted: Wanted) -> Iterator[Found]:
    """Each accepted submission with raw records that are to go, or that name what is to go."""
    for row in read_submissions(engine):
        # the crimes of other forces may be linked with it
        looked_at = row["force"] == wanted.force or wanted.kind == "crime"
        if row["status"] == "accepted" and looked_at and (found := _in_submission(home, marks, wanted, row)):
            yield found


def _in_submission(home: Home, marks: Marks, wanted: Wanted, row: Row) -> Found:
    found = Found(row)
    own = row["force"] == wanted.force
    for kind in RECORD_TYPES if own else ("crimes",):
        file = raw.records_file(home, kind, row["quarter"], row["force"], row["submission"])
        columns = {"crime_reference", REFERENCES[kind]} | ({LINK} if kind == "crimes" else set())
        columns |= set(OF_THE_VICTIM) if kind == "suspects" else set()
        table = pq.read_table(file, columns=sorted(columns), partitioning=None)
        crime = table["crime_reference"].to_pylist()
        of_crime = np.array(
            [marks.of("crime", wanted.force, one) == wanted.crime_mark for one in crime], bool
        )
        of_crime &= own
        found.references |= {crime[n] for n in np.flatnonzero(of_crime)}
        found.drops[kind] = _dropped(marks, wanted, kind, table, of_crime)
        found.blanks[kind] = {
            column: rows
            for column, rows in _blanked(marks, wanted, kind, table, of_crime, row["force"]).items()
            if rows.any()
        }
    return found


def _dropped(marks: Marks, wanted: Wanted, kind: str, table: pa.Table, of_crime: np.ndarray) -> np.ndarray:
    if wanted.kind == "crime":
        return of_crime
    if kind != PERSONS[wanted.kind]:
        return np.zeros(len(of_crime), bool)
    return of_crime & _is_person(marks, wanted, table, REFERENCES[kind])


def _is_person(marks: Marks, wanted: Wanted, table: pa.Table, column: str) -> np.ndarray:
    pairs = zip(table["crime_reference"].to_pylist(), table[column].to_pylist(), strict=True)
    return np.array([marks.of(wanted.kind, wanted.force, *pair) == wanted.mark for pair in pairs], bool)


def _blanked(
    marks: Marks, wanted: Wanted, kind: str, table: pa.Table, of_crime: np.ndarray, force: str
) -> dict[str, np.ndarray]:
    if wanted.kind == "crime":
        if kind != "crimes":
            return {}
        links = [(one or "").rpartition(":") for one in table[LINK].to_pylist()]
        there = [marks.of("crime", where or force, reference) == wanted.mark for where, _, reference in links]
        return {LINK: np.array(there, bool) & ~of_crime}
    if kind == "crimes" and not wanted.keeps_text:
        return {"summary": of_crime}
    if kind == "suspects" and wanted.kind == "victim":
        rows = of_crime & _is_person(marks, wanted, table, "victim_reference")
        return dict.fromkeys(OF_THE_VICTIM, rows)
    return {}


# raw -----------------------------------------------------------------------------------------------------------------


def take_out_of_raw(home: Home, found: Found) -> None:
    """Write the raw files of a submission without what is to go; each whole, in an order in which a run that is cut off
    finds again what is left."""
    place = found.row["quarter"], found.row["force"], found.row["submission"]
    tables = {
        kind: pq.read_table(raw.records_file(home, kind, *place), partitioning=None) for kind in found.drops
    }
    gone = {kind: tables[kind].filter(pa.array(rows)) for kind, rows in found.drops.items()}
    _out_of_as_sent(home, found, tables, gone)
    _out_of_findings(home, place, gone)
    for kind, table in tables.items():
        for column, rows in found.blanks.get(kind, {}).items():
            blank = pc.if_else(pa.array(rows), pa.scalar(None, pa.string()), table[column])
            table = table.set_column(table.schema.get_field_index(column), column, blank)
        kept = table.filter(pa.array(~found.drops[kind]))
        if not kept.equals(tables[kind]):
            parquet.write(_anew(kept, raw.records_schema(kind)), raw.records_file(home, kind, *place))


def _anew(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows in memory of their own: a filtered column may still hold the texts of the rows that left it."""
    return pa.table(
        [pa.array(table[name].to_pylist(), schema.field(name).type) for name in schema.names], schema
    )


def _out_of_findings(home: Home, place: tuple[str, str, int], gone: Mapping[str, pa.Table]) -> None:
    file = raw.findings_file(home, *place)
    if not file.exists():
        return
    keys = {
        (kind, *key)
        for kind, table in gone.items()
        for key in zip(
            *(table[name].to_pylist() for name in ("file", "sheet", "record_number", "place_in_row")),
            strict=True,
        )
    }
    findings = pq.read_table(file, partitioning=None)
    names = ("record_type", "file", "sheet", "record_number", "place_in_row")
    rows = zip(*(findings[name].to_pylist() for name in names), strict=True)
    kept = findings.filter(pa.array([key not in keys for key in rows]))
    if kept.num_rows < findings.num_rows:
        parquet.write(_anew(kept, raw.intake_findings_schema()), file)


def _out_of_as_sent(
    home: Home, found: Found, tables: Mapping[str, pa.Table], gone: Mapping[str, pa.Table]
) -> None:
    """Rows that held a record that goes, by their number, and those that repeat it (a flat file has a row for each victim
    with each suspect): they have the same text under the headings of its references."""
    place = found.row["quarter"], found.row["force"], found.row["submission"]
    wanted = {
        (file, sheet or "", number) for table in gone.values() for file, sheet, number in _places(table)
    }
    # of a record whose cells are blanked, what was sent goes whole
    for kind, columns in found.blanks.items():
        for rows in columns.values():
            wanted |= {
                (file, sheet or "", number)
                for file, sheet, number in _places(tables[kind].filter(pa.array(rows)))
            }
    kinds = {kind for kind, table in gone.items() if table.num_rows} | {
        kind for kind, columns in found.blanks.items() if columns
    }
    for path in sorted(raw.as_sent_folder(home, *place).glob("*.parquet")):
        table = pq.read_table(path, partitioning=None)
        there = np.array(
            [(file, sheet or "", number) in wanted for file, sheet, number in _places(table)], bool
        )
        there |= _repeats(table, there, found.row["layout"], kinds)
        if there.any():
            kept = table.filter(pa.array(~there))
            schema = pa.schema(
                [
                    (one.name, pa.int32() if one.name == "record_number" else pa.string())
                    for one in kept.schema
                ]
            )
            parquet.write(_anew(kept, schema), path)


def _places(table: pa.Table) -> Iterator[tuple[str, str | None, int]]:
    names = ("file", "sheet", "record_number")
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _repeats(table: pa.Table, there: np.ndarray, layout: str | None, kinds: set[str]) -> np.ndarray:
    """The rows with the same references as those that are `there`: the crime's, where what goes of it stands in each of its
    rows, else the crime's and the person's."""
    first = np.flatnonzero(there)
    if not len(first):
        return there
    part = part_of(layout, table["file"][0].as_py(), table["sheet"][0].as_py())
    if not part:
        return there
    of_crime = "crimes" in kinds and "crimes" in part.contains
    headings = {
        one.heading
        for (kind, column), columns in part.sources.items()
        if column == "crime_reference" or (not of_crime and kind in kinds and column == REFERENCES[kind])
        for one in columns
        if one.heading in table.column_names
    }
    if not headings:
        return there
    cells = zip(*(table[heading].to_pylist() for heading in sorted(headings)), strict=True)
    texts = [tuple((cell or "").strip() for cell in row) for row in cells]
    wanted = {texts[n] for n in first if any(texts[n])}
    return there | np.array([text in wanted for text in texts], bool)


# the archive, landing and the receipts ---------------------------------------------------------------------------------


def sharing(engine: Engine, digests: set[str]) -> list[Row]:
    """The submissions that hold a file of these SHA-256: a joint delivery is one of each of its forces."""
    with engine.connect() as connection:
        statement = select(submission_files).where(submission_files.c.sha256.in_(sorted(digests)))
        keys = {(row.force, row.quarter, row.submission) for row in connection.execute(statement)}
    return [
        row for row in read_submissions(engine) if (row["force"], row["quarter"], row["submission"]) in keys
    ]


def originals(engine: Engine, rows: Sequence[Row]) -> dict[str, int]:
    """SHA-256 -> bytes of the files of some submissions."""
    keys = {(row["force"], row["quarter"], row["submission"]) for row in rows}
    with engine.connect() as connection:
        files = connection.execute(select(submission_files))
        return {
            file.sha256: file.bytes for file in files if (file.force, file.quarter, file.submission) in keys
        }


def replace_originals(home: Home, engine: Engine, number: int, rows: Sequence[Row]) -> None:
    """Put the raw files of these submissions in the place of their originals; note what is gone, and the records that
    are left. What is noted here is removed by `sweep`."""
    old = originals(engine, rows)
    shared = sharing(engine, set(old))
    accepted = [row for row in shared if row["status"] == "accepted"]
    before = read_raw_files(engine)
    with engine.connect() as connection:
        every = {}
        for row in connection.execute(select(raw_files)):
            every.setdefault((row.force, row.quarter, row.submission), set()).add(row.sha256)
    kept: dict[tuple, list[tuple[str, str]]] = {}
    for row in accepted:
        key = row["force"], row["quarter"], row["submission"]
        kept[key] = raw.hashes_of(home, row["quarter"], row["force"], row["submission"])
        for file, _ in kept[key]:
            archive.keep(home.raw / file, home.archive)
    now = {sha256 for files in kept.values() for _, sha256 in files}
    # what stood in the original's place until another record was erased
    for key in kept:
        for sha256 in every.get(key, set()) - now:
            if (path := archive.place(home.archive, sha256)).exists():
                old[sha256] = path.stat().st_size
    with writing(engine) as connection:
        for row in accepted:
            key = row["force"], row["quarter"], row["submission"]
            if dict(kept[key]) != before.get(key):
                record_raw_files(connection, row, kept[key])
            _count_again(home, connection, row)
        erasures.note_erased(
            connection,
            number,
            [
                {"place": ARCHIVE, "name": sha256, "was": sha256, "is_now": None, "many": size}
                for sha256, size in sorted(old.items())
                if sha256 not in now
            ],
        )


def _count_again(home: Home, connection: Any, row: Row) -> None:
    """A receipt says how many records a submission has, and is compared with raw: an erased one is not among them."""
    counts = {
        kind: pq.read_metadata(
            raw.records_file(home, kind, row["quarter"], row["force"], row["submission"])
        ).num_rows
        for kind in RECORD_TYPES
    }
    if counts != {kind: row[kind] for kind in RECORD_TYPES}:
        change_receipt(connection, row, **counts)


def change_receipt(connection: Any, row: Row, **cells: Any) -> None:
    """Change what a receipt says, in a transaction in which the erasure is written down."""
    with erasures.writable(connection, submissions):
        connection.execute(
            submissions.update()
            .where(
                submissions.c.force == row["force"],
                submissions.c.quarter == row["quarter"],
                submissions.c.submission == row["submission"],
            )
            .values(**cells)
        )
    evidence.renew(connection, submissions, f"{row['force']}/{row['quarter']}/{row['submission']}")


def sweep(home: Home, engine: Engine) -> int:
    """Remove from the archive and from landing every byte that was noted as erased; how many files went."""
    gone = erasures.gone(engine, ARCHIVE)
    removed = 0
    for sha256 in gone:
        path = archive.place(home.archive, sha256)
        if path.exists():
            path.unlink()
            removed += 1
    sizes = {row["many"] for row in gone.values()}
    for path in landed(home, sizes):
        if archive.digest(path)[0] in gone:
            path.unlink()
            removed += 1
    (home.archive / ".writing").unlink(missing_ok=True)
    return removed


def landed(home: Home, sizes: set[int]) -> Iterator[Path]:
    """The files in landing that have one of these sizes."""
    for at, _, names in os.walk(home.landing):
        for name in names:
            path = Path(at, name)
            if not path.is_symlink() and path.is_file() and path.stat().st_size in sizes:
                yield path


# what comes again ------------------------------------------------------------------------------------------------------


def refusal(name: str, row: Row) -> Reason:
    """Bytes that were erased are not taken in again, whoever sends them."""
    sentence = (
        f"{name}: is byte for byte a file that was erased here on {row['at'][:10]}, by authority of {row['authority']}; it was "
        "not kept and is removed from landing. Send what is still to be counted, in a file without what was erased."
    )
    return Reason("FL48", sentence)


def sent_again(reason: str) -> str:
    """What becomes of a record that was erased for this reason and is sent again: `taken_out` or `accepted`."""
    found = next((row for row in seed_rows("erasure_reasons.csv") if row["reason"] == reason), None)
    return found["if_sent_again"] if found else TAKEN_OUT


def take_out_what_came_again(home: Home, engine: Engine) -> list[str]:
    """Take erased records that a later submission brought back out of it, and remove erased bytes; a line for each. The
    submission has a remark of it, with the number."""
    lines = []
    marks = None
    for erasure in erasures.read(engine):
        if erasure["kind"] not in ("crime", *PERSONS) or sent_again(erasure["reason"]) == ACCEPTED:
            continue
        marks = marks or Marks(home)
        for found in list(find(home, engine, marks, Wanted.of(erasure))):
            row = found.row
            if not found.counts:
                continue
            what = ", ".join(counted(many, kind[:-1], kind) for kind, many in found.counts.items())
            remark = str(
                Reason(
                    "FL49",
                    f"{what} that had been erased here on {erasure['at'][:10]} came again and were taken out; leave them out of "
                    "the return, or tell the centre why they are to be counted.",
                )
            )
            take_out_of_raw(home, found)
            if remark not in row["reasons"]:
                with writing(engine) as connection:
                    change_receipt(
                        connection, row, reasons=json.dumps([*row["reasons"], remark], ensure_ascii=False)
                    )
            replace_originals(home, engine, erasure["erasure"], [row])
            lines.append(f"{row['quarter']} {row['force']} submission {row['submission']}: {remark}")
    if erasures.gone(engine, ARCHIVE):
        sweep(home, engine)
    return lines
