"""Where each record behind a figure stands in what a force sent, and how its crime was read. It needs the home."""

# ruff: noqa: S608 - names in the SQL are this module's own

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from orchestration.home import Home
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submission_files
from orchestration.readings.agreement import reader_token
from orchestration.releases.members import BEHIND
from orchestration.returns import raw
from orchestration.returns.pack.cells import row_in_sheet
from orchestration.statements import Connection, one_file, rows_of

Row = dict[str, Any]
COLUMNS = (
    *("part", "unit", "force", "quarter", "crime_reference", "person_number"),
    *("submission", "file", "sheet", "row", "archived_sha256"),
    *(
        "rule",
        "offence_code",
        "candidate_reasons",
        "settled_by",
        "criterion",
        "committed_by_children",
        "readings",
    ),
)
PARTS = {(True, True): "numerator and base", (True, False): "numerator", (False, True): "base"}


def of_release(connection: Connection, head: Row, limit: int | None = None) -> list[Row]:
    """The records of `behind` by COLUMNS, as far as the release holds them: to the submission and the files it came in."""
    sent = {(row["force"], row["quarter"]): row for row in head["submissions"]}
    rows = []
    for row in rows_of(connection, f"select * from {BEHIND} limit ?", [limit]):
        submission = sent.get((row["force"], row["quarter"]), {"submission": None, "files": []})
        files = " ".join(file["sha256"] for file in submission["files"])
        rows.append(_record(row) | {"submission": submission["submission"], "archived_sha256": files})
    return rows


def in_home(home: Home, connection: Connection, head: Row, limit: int | None = None) -> list[Row]:
    """The same to the line of the archived file and to the readings; `connection` has the warehouse attached.

    Where the warehouse has another submission by now, a crime is looked up in the raw records of the one that the release
    counted; of a person there the place of the crime is given.
    """
    sent = {(row["force"], row["quarter"]): row["submission"] for row in head["submissions"]}
    rows = rows_of(
        connection,
        f"""
        select behind.*, sent.submission, sent.layout, sent.file, sent.sheet, sent.record_number, settled.settled_by
        from (select * from {BEHIND} limit ?) as behind
        left join warehouse.cpai.cpai_sent_records as sent
            on behind.unit = sent.unit and behind.force = sent.force and behind.quarter = sent.quarter
            and behind.crime_reference = sent.crime_reference
            and behind.person_number is not distinct from sent.person_number
        left join warehouse.cocad.cocad_settled_readings as settled
            on behind.is_cocad and behind.force = settled.force and behind.quarter = settled.quarter
            and behind.crime_reference = settled.crime_reference
        order by not behind.in_numerator, behind.force, behind.quarter, behind.crime_reference, behind.person_number
        """,
        [limit],
    )
    older = [row for row in rows if row["submission"] != sent.get((row["force"], row["quarter"]))]
    _as_then(home, connection, older, sent)
    hashes = _archived(home, {row["quarter"] for row in rows})
    read = readings(home, connection, head, [row for row in rows if row["is_cocad"]])
    return [
        _record(row)
        | {name: row[name] for name in ("submission", "file", "sheet", "settled_by")}
        | {
            "row": row_in_sheet(row["layout"], row["file"], row["sheet"], row["record_number"]),
            "archived_sha256": hashes.get((row["force"], row["quarter"], row["submission"], row["file"])),
            "readings": "; ".join(read.get((row["force"], row["crime_reference"]), [])) or None,
        }
        for row in rows
    ]


def _record(row: Row) -> Row:
    """A row of `behind` by COLUMNS, blank where nothing is known yet."""
    known = {name: row.get(name) for name in COLUMNS}
    return known | {"part": PARTS[row["in_numerator"], row["in_base"]], "rule": row["inclusion_rule"]}


def _as_then(home: Home, connection: Connection, rows: list[Row], sent: dict[tuple, int]) -> None:
    """Put into each row the place of its crime in the submission that the release counted, from the raw records."""
    by_return: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        by_return[row["force"], row["quarter"]].append(row)
    for (force, quarter), of_return in by_return.items():
        submission = sent.get((force, quarter))
        for row in of_return:
            row.update(submission=submission, layout=None, file=None, sheet=None, record_number=None)
        file = raw.records_file(home, "crimes", quarter, force, submission or 0)
        if not file.exists():
            continue
        found = rows_of(
            connection,
            """
            select coalesce(names.crime_reference, records.crime_reference) as crime_reference,
                records.layout, records.file, records.sheet, records.record_number
            from read_parquet(?, hive_partitioning = false) as records
            left join warehouse.intermediate.int_references_as_sent as names
                on names.force = records.force and names.as_sent = records.crime_reference
            order by record_number desc
            """,
            [one_file(file)],
        )
        places = {row.pop("crime_reference"): row for row in found}
        for row in of_return:
            row.update(places.get(row["crime_reference"], {}))


def _archived(home: Home, quarters: Iterable[str]) -> dict[tuple, str]:
    """SHA-256 of the archived bytes by force, quarter, submission and file."""
    with ledger_of(home) as engine:
        return {
            (force, quarter, submission, file): sha256
            for quarter in quarters
            for (force, submission), files in read_submission_files(engine, quarter).items()
            for file, sha256 in files.items()
        }


def readings(
    home: Home, connection: Connection, head: Row, crimes: Iterable[Row]
) -> dict[tuple[str, str], list[str]]:
    """By force and reference: each reading that stood when the release was made, in words, its reader as a token."""
    wanted = sorted({(row["force"], row["crime_reference"]) for row in crimes})
    if not wanted:
        return {}
    rows = rows_of(
        connection,
        """
        select readings.force, readings.crime_reference, readings.role, readings.reader, readings.read_at,
            readings.group_based, readings.criterion, readings.committed_by_children
        from warehouse.intermediate.int_readings as readings
        inner join warehouse.cocad.cocad_candidates as candidates using (force, crime_reference, version)
        inner join (select unnest($forces) as force, unnest($references) as crime_reference) as wanted
            using (force, crime_reference)
        where readings.is_standing and readings.role <> 'gold' and readings.reading_id <= $last
        order by readings.reading_id
        """,
        {
            "forces": [force for force, _ in wanted],
            "references": [reference for _, reference in wanted],
            "last": head["last_of_reading_chain"]["reading_id"],
        },
    )
    tokens = {reader: reader_token(home, reader) for reader in {row["reader"] for row in rows}}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        said = [f"group-based {row['group_based']}", row["criterion"]]
        said += ["committed by children"] if row["committed_by_children"] == "yes" else []
        words = ", ".join(filter(None, said))
        found[row["force"], row["crime_reference"]].append(
            f"{row['role']} {tokens[row['reader']]} {row['read_at'][:10]}: {words}"
        )
    return found
