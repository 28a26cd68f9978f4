"""A synthetic home with every exemplar in it: one quarter of one return, and every other force in order."""

import csv
import os
from pathlib import Path
from unittest import mock

import duckdb
import pyarrow as pa
from exemplars import CRIME, EXEMPLARS, NOT_ASKED, SUSPECT, VICTIM

from orchestration.home import DBT_PROJECT, SEEDS, Home
from orchestration.returns import raw

QUARTER = "2023-Q2"
QUARTERS = (QUARTER, "2023-Q3", "2023-Q4")  # the last one nil: time enough for a transfer to arrive
# one quarter, every force: nil where nothing else is said, so that coverage holds but for those named
ABSENT = {"cleveland": "missing", "dorset": "refused_only", "gwent": "empty_without_nil"}
RECEIVED = "2023-10-20T09:00:00+00:00"
EARLY = "2023-05-20T09:00:00+00:00"


def _records() -> dict[str, list[dict]]:
    records: dict[str, list[dict]] = {"crimes": [], "victims": [], "suspects": []}

    def add(reference: str, change: dict, is_twin: bool = False) -> None:
        place = {"force": "kent", "quarter": QUARTER, "submission": 1, "layout": "national"}
        place |= change.get("return", {})
        another = change.get("another", {})
        for record_type, ready in (("crime", CRIME), ("victim", VICTIM), ("suspect", SUSPECT)):
            changes = [change.get(record_type, {})] + [
                another[name] for name in another if name == record_type
            ]
            rows = records[f"{record_type}s"]
            for columns in changes:
                if columns is None:  # the crime has no such person
                    continue
                row = {**ready, **columns}
                row |= {name: text.replace("{}", reference) for name, text in row.items() if text}
                row |= {**place, "crime_reference": reference + ("T" if is_twin else "")}
                rows.append({**row, "file": f"{record_type}s.csv", "record_number": len(rows) + 1})
        if "twin" in change:
            twin = change["twin"]
            its_return = {**change.get("return", {}), **twin.get("return", {})}
            add(reference, {**twin, "return": its_return}, is_twin=True)

    add("K1", {"crime": {"offenders_stated": "3"}})
    for number, exemplar in enumerate(EXEMPLARS):
        add(f"B{number}", exemplar.broken)
        add(f"N{number}", exemplar.near_miss)
    for number, (_, change) in enumerate(NOT_ASKED):
        add(f"A{number}", change)
    # CR02: one reference counted in two quarters; another sent again, but counted in its own quarter alone
    for reference, again_on in (("AGAIN", "2023-08-10"), ("REFRESHED", "2023-05-10")):
        add(reference, {})
        add(
            reference,
            {"return": {"quarter": "2023-Q3"}, "crime": {"recorded_on": again_on, "reported_on": again_on}},
        )
    # CR29: counted until the return of a later quarter cancels it
    add("LATER", {})
    add(
        "LATER",
        {"return": {"quarter": "2023-Q3"}, "crime": {"status": "cancelled", "cancellation_code": "C2"}},
    )
    # five of five beyond any tolerance, and three of three within it
    for number in range(5):
        add(f"D{number}", {"return": {"force": "devon-and-cornwall"}, "victim": {"age_at_offence": "13"}})
    for number in range(3):
        add(f"E{number}", {"return": {"force": "essex"}, "victim": {"age_at_offence": "13"}})
    return records


def write(home: Home, readings: list[dict]) -> None:
    returns: dict[tuple, dict[str, list[dict]]] = {}
    for record_type, rows in _records().items():
        for row in rows:
            returns.setdefault((row["quarter"], row["force"]), {}).setdefault(record_type, []).append(row)
    with (SEEDS / "forces.csv").open(newline="", encoding="utf-8") as file:
        forces = [row["force"] for row in csv.DictReader(file)]
    submissions = []
    for quarter in QUARTERS:
        for force in forces:
            sent = returns.get((quarter, force), {})
            for record_type, rows in sent.items():
                table = pa.Table.from_pylist(rows, schema=raw.records_schema(record_type))
                raw.write(table, raw.records_file(home, record_type, quarter, force, 1))
            absent = ABSENT.get(force) if quarter == QUARTER else None
            status = {"refused_only": "refused", "empty_without_nil": "accepted"}.get(absent or "")
            if absent != "missing":
                submissions.append(
                    {"force": force, "quarter": quarter, "submission": 1, "layout": "national"}
                    | {"status": status or ("accepted" if sent else "nil")}
                    | {"received_at": EARLY if force == "surrey" else RECEIVED}
                    | {name: len(sent.get(name, ())) for name in ("crimes", "victims", "suspects")}
                    | {"reasons": "[]"}
                )
    # a later delivery that was refused: what was accepted before it stands
    refused = next(row for row in submissions if (row["force"], row["quarter"]) == ("kent", QUARTER))
    submissions.append({**refused, "submission": 2, "status": "refused"})
    raw.ensure(home)
    for name, rows, schema in (
        ("submissions", submissions, raw.submissions_schema()),
        ("readings", readings, raw.readings_schema()),
    ):
        raw.write(pa.Table.from_pylist(rows, schema=schema), home.raw / f"{name}.parquet")


def build(home: Home, parsed: Path | None = None) -> None:
    """Every seed and model by dbt, no tests; every candidate read once. `parsed` is a target folder that has them."""
    write(home, [])
    _dbt(home, parsed, "--select", "+cocad_candidates")
    readings = [
        {"reading_id": number, "force": force, "crime_reference": reference, "version": version}
        | {"role": "first", "reader": "reader-1", "read_at": RECEIVED, "group_based": "yes"}
        | {"network_definition": "yes", "offenders_read": 3, "criterion": "other", "confidence": "high"}
        | ({"group_based": "no", "criterion": None} if reason == "recall_sample" else {})
        | {"committed_by_children": "no", "imported_at": RECEIVED, "source_file": "made up"}
        for number, (force, reference, version, reason) in enumerate(
            query(home, "select force, crime_reference, version, reason from cocad.cocad_candidates"), start=1
        )
    ]
    write(home, readings)
    _dbt(home, parsed, "--exclude", "+cocad_candidates")


def _dbt(home: Home, parsed: Path | None, *selection: str) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    folders = ["--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    folders += ["--target-path", home.dbt / "target", "--log-path", home.dbt / "logs"]
    words = [
        "build",
        "--exclude-resource-type",
        "test",
        "unit_test",
        *selection,
        "--quiet",
        *map(str, folders),
    ]
    settings = {
        "CPAI_WAREHOUSE": str(home.warehouse),
        "CPAI_RAW": str(home.raw),
        "CPAI_TOKEN_KEY": "key of the tests",
    }
    manifest = Manifest.from_msgpack((parsed / "partial_parse.msgpack").read_bytes()) if parsed else None
    with mock.patch.dict(os.environ, settings):
        try:
            outcome = dbtRunner(manifest=manifest).invoke(words)
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert outcome.success, [f"{row.node.name}: {row.message}" for row in outcome.result or ()]


def query(home: Home, sql: str) -> list[tuple]:
    """Rows of the home's warehouse."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()
