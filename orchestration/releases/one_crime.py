"""One crime's whole way: bytes as they came, cells as sent, what was repaired, how codes were read, why it counts, who read
it, which figures and releases it is in. Of the home alone, and in the law's log.

What is personal (names, dates of birth, free text) is not shown: it stops before, wherever else it is asked for.
"""

# ruff: noqa: S608 - names in the SQL are this module's own

from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submission_files
from orchestration.releases import sent_records, verify
from orchestration.returns import raw
from orchestration.returns.layouts import part_of
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.pack.cells import NOT_SHOWN, columns_of, row_in_sheet
from orchestration.statements import Connection, one_file, quoted, rows_of
from orchestration.stopping import NotThere
from orchestration.warehouse.attached import open_warehouse

Row = dict[str, Any]
OF_ALL = {"last_of_reading_chain": {"reading_id": 2**62}}  # readings up to now


def whole_way(home: Home, force: str, crime_reference: str) -> Row:
    """The way of the crime that a force sent under a reference, from its first submission to the releases it is in.

    Raises NotThere where no return of the force has it.
    """
    with open_warehouse(home) as connection:
        reference = _as_staged(connection, force, crime_reference)
        sent = _sent(home, connection, force, crime_reference)
        if not sent:
            raise NotThere(
                f"no return of {force} has a crime {crime_reference!r}: write it as the force does"
            )
        log.note(
            home,
            "consultation",
            "crime explained",
            {"force": force, "record": log.token(home, force, reference)},
        )
        key = [force, reference]
        found = {
            "force": force,
            "crime_reference": crime_reference,
            "sent": sent,
            "held_out": _held_out(connection, key),
            "read_as": _rows(connection, "intermediate.int_crimes", key),
            "in_the_cpai": _reasons(connection, key),
            "candidate": _rows(connection, "cocad.cocad_candidates", key),
            "settled": _rows(connection, "cocad.cocad_settled_readings", key),
            "readings": sent_records.readings(
                home, connection, OF_ALL, [{"force": force, "crime_reference": reference}]
            ).get((force, reference), []),
        }
    return found | _published(home, force, reference)


def _as_staged(connection: Connection, force: str, as_sent: str) -> str:
    """The reference past staging: the token where what was sent cannot be one."""
    row = connection.execute(
        "select crime_reference from warehouse.intermediate.int_references_as_sent where force = ? and as_sent = ?",
        [force, as_sent],
    ).fetchone()
    return row[0] if row else as_sent


def _rows(connection: Connection, table: str, key: list[str]) -> list[Row]:
    """Rows of the crime, without what is blank."""
    rows = rows_of(
        connection,
        f"select * from warehouse.{table} where force = ? and crime_reference = ? order by all",
        key,
    )
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _reasons(connection: Connection, key: list[str]) -> list[Row]:
    """By quarter: in or out, and the reason with its meaning."""
    return rows_of(
        connection,
        """
        select crimes.quarter, crimes.submission, crimes.exclusion_reason is null as is_in,
            coalesce(crimes.exclusion_reason, crimes.inclusion_rule) as reason, reasons.meaning
        from warehouse.cpai.cpai_classified_crimes as crimes
        left join warehouse.marts.dim_cpai_reason as reasons
            on coalesce(crimes.exclusion_reason, crimes.inclusion_rule) = reasons.reason
        where crimes.force = ? and crimes.crime_reference = ?
        order by crimes.quarter
        """,
        key,
    )


def _held_out(connection: Connection, key: list[str]) -> list[Row]:
    return rows_of(
        connection,
        """
        select record_type, quarter, submission, file, sheet, record_number, rule
        from warehouse.intermediate.int_rejected_records where force = ? and crime_reference = ? order by all
        """,
        key,
    )


def _sent(home: Home, connection: Connection, force: str, reference: str) -> list[Row]:
    """Each record of the crime in each submission that has it: place, hash of the bytes, cells as sent, repairs."""
    found = []
    with ledger_of(home) as engine:
        for record_type in RECORD_TYPES:
            for file in sorted((home.raw / record_type).glob(f"*/{force}.*.parquet")):
                for record in _in_raw(connection, file, reference):
                    files = read_submission_files(engine, record["quarter"])
                    sha256 = files.get((force, record["submission"]), {}).get(record["file"])
                    found.append(_one_sent(home, connection, record_type, record, sha256))
    return sorted(
        found, key=lambda row: (row["quarter"], row["submission"], RECORD_TYPES.index(row["record_type"]))
    )


def _in_raw(connection: Connection, file: Path, reference: str) -> list[Row]:
    return rows_of(
        connection,
        "select * from read_parquet(?, hive_partitioning = false) where crime_reference = ? order by record_number",
        [one_file(file), reference],
    )


def _one_sent(home: Home, connection: Connection, record_type: str, record: Row, sha256: str | None) -> Row:
    place = {name: record[name] for name in ("quarter", "submission", "layout", "file", "sheet")}
    row = row_in_sheet(record["layout"], record["file"], record["sheet"], record["record_number"])
    return {
        "record_type": record_type,
        **place,
        "row": row,
        "archived_sha256": sha256,
        "cells": _cells(home, connection, record_type, record),
        "repairs": _repairs(home, connection, record_type, record),
    }


def _cells(home: Home, connection: Connection, record_type: str, record: Row) -> dict[str, str]:
    """Heading -> cell as it was sent, of the headings of a record's type: what is personal is not shown, blanks are left out."""
    part = part_of(record["layout"], record["file"], record["sheet"])
    told: dict[str, bool] = {}
    own = set()
    for (kind, column), headings in part.sources.items() if part else ():
        is_told = columns_of(kind).get(column, {}).get("personal") == "N"
        for heading in headings:
            told[heading.heading] = told.get(heading.heading, True) and is_told
            own |= {heading.heading} if kind == record_type else set()
    folder = raw.as_sent_folder(home, record["quarter"], record["force"], record["submission"])
    for file in sorted(folder.glob("*.parquet")):
        rows = rows_of(
            connection,
            "select * from read_parquet(?, hive_partitioning = false) "
            "where file = ? and record_number = ? and coalesce(nullif(sheet, ''), '') = coalesce(?, '')",
            [one_file(file), record["file"], record["record_number"], record["sheet"]],
        )
        for row in rows:
            cells = {
                name: value for name, value in row.items() if name not in raw.PLACE and value is not None
            }
            return {name: str(value) if told.get(name) else NOT_SHOWN for name, value in cells.items()}
    return {}


def _repairs(home: Home, connection: Connection, record_type: str, record: Row) -> list[str]:
    """`SD02 in recorded_on`: what intake undid or met in the record."""
    file = raw.findings_file(home, record["quarter"], record["force"], record["submission"])
    if not file.exists():
        return []
    rows = rows_of(
        connection,
        'select distinct code, "column" from read_parquet(?, hive_partitioning = false) '
        "where coalesce(record_type, ?) = ? and file = ? and record_number = ? order by all",
        [one_file(file), record_type, record_type, record["file"], record["record_number"]],
    )
    return [" in ".join(filter(None, (row["code"], row["column"]))) for row in rows]


def _published(home: Home, force: str, reference: str) -> Row:
    """The releases that have the crime, and the figures of the nation's year that it is in by the last of them."""
    import duckdb

    releases, last = [], {}
    for name in verify.release_names(home):
        verify.as_published(home, name, "marts.duckdb")
        with duckdb.connect() as connection:
            connection.execute(
                f"attach {quoted(home.releases / name / 'marts.duckdb')} as release (read_only)"
            )
            connection.execute("use release")
            quarters = connection.execute(
                "select quarter from fct_crimes where force = ? and crime_reference = ?", [force, reference]
            ).fetchall()
            if quarters:
                releases.append(name)
                last = _figures(connection, name, force, reference)
    return {"releases": releases, "figures": last}


def _figures(connection: Connection, release: str, force: str, reference: str) -> Row:
    """Figures, at every place and period that has the crime, whose numerator has a record of it, by how many."""
    if not connection.execute("select 1 from duckdb_views() where view_name = 'figure_members'").fetchone():
        return {"release": release, "of": []}
    rows = connection.execute(
        """
        select distinct figure_id from figure_members
        where part = 'numerator' and force = ? and crime_reference = ? and place_type = 'force' and place = force
        order by figure_id
        """,
        [force, reference],
    ).fetchall()
    return {"release": release, "of": [figure_id for (figure_id,) in rows]}


def in_lines(answer: Row) -> list[str]:
    """For people: a step a line."""
    lines = [f"{answer['force']} {answer['crime_reference']}"]
    for one in answer["sent"]:
        at = [f"submission {one['submission']}", one["file"], one["sheet"] and f"sheet {one['sheet']}"]
        at += [one["row"] and f"row {one['row']}", f"SHA-256 {one['archived_sha256']}"]
        lines.append(f"sent: {one['record_type'][:-1]}, {one['quarter']} {', '.join(filter(None, at))}")
        lines += [f"  {heading}: {cell}" for heading, cell in one["cells"].items()]
        lines += [f"  repaired or met at intake: {repair}" for repair in one["repairs"]]
    lines += [
        f"held out: {one['record_type']}, {one['quarter']}, by {one['rule']}" for one in answer["held_out"]
    ]
    for step in ("read_as", "candidate", "settled"):
        for row in answer[step]:
            words = ", ".join(f"{name} {value}" for name, value in row.items())
            lines.append(f"{step.replace('_', ' ')}: {words}")
        if step == "read_as":
            lines += [
                f"{'in' if one['is_in'] else 'not in'} the CPAI of {one['quarter']}: {one['reason']} ({one['meaning']})"
                for one in answer["in_the_cpai"]
            ]
    lines += [f"reading: {one}" for one in answer["readings"]]
    lines.append(f"releases: {', '.join(answer['releases']) or 'none'}")
    if answer["figures"]:
        lines.append(
            f"figures of {answer['figures']['release']}: {', '.join(answer['figures']['of']) or 'none'}"
        )
    return lines
