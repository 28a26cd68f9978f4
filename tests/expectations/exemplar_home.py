"""A synthetic home with every exemplar in it: one quarter of one return, and every other force in order."""

from pathlib import Path

import duckdb
from by_hand import failed, run_dbt, write_raw
from exemplars import CRIME, EXEMPLARS, NOT_ASKED, SUSPECT, VICTIM

from orchestration.home import Home, seed_rows

QUARTER = "2023-Q2"
QUARTERS = (QUARTER, "2023-Q3", "2023-Q4")  # the last one nil: time enough for a transfer to arrive
# one quarter, every force: nil where nothing else is given, so that coverage holds but for those named
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
    for reference, again_on in (("AG1", "2023-08-10"), ("REFR1", "2023-05-10")):
        add(reference, {})
        add(
            reference,
            {"return": {"quarter": "2023-Q3"}, "crime": {"recorded_on": again_on, "reported_on": again_on}},
        )
    # CR29: counted until the return of a later quarter cancels it
    add("LAT1", {})
    add(
        "LAT1",
        {"return": {"quarter": "2023-Q3"}, "crime": {"status": "cancelled", "cancellation_code": "C2"}},
    )
    # five of five beyond any tolerance, and three of three within it
    for number in range(5):
        add(f"D{number}", {"return": {"force": "devon-and-cornwall"}, "victim": {"age_at_offence": "13"}})
    for number in range(3):
        add(f"E{number}", {"return": {"force": "essex"}, "victim": {"age_at_offence": "13"}})
    return records


def write(home: Home, readings: list[dict]) -> None:
    records = _records()
    sent = {(row["quarter"], row["force"]) for rows in records.values() for row in rows}
    submissions = []
    for quarter in QUARTERS:
        for force in (row["force"] for row in seed_rows("forces.csv")):
            absent = ABSENT.get(force) if quarter == QUARTER else None
            status = {"refused_only": "refused", "empty_without_nil": "accepted"}.get(absent or "")
            if absent != "missing":
                submissions.append(
                    {"force": force, "quarter": quarter, "submission": 1, "reasons": "[]"}
                    | {"status": status or ("accepted" if (quarter, force) in sent else "nil")}
                    | {"received_at": EARLY if force == "surrey" else RECEIVED}
                )
    # a later delivery that was refused: what was accepted before it stands
    refused = next(row for row in submissions if (row["force"], row["quarter"]) == ("kent", QUARTER))
    counts = {
        name: sum((row["force"], row["quarter"]) == ("kent", QUARTER) for row in rows)
        for name, rows in records.items()
    }
    submissions.append({**refused, **counts, "submission": 2, "status": "refused"})
    write_raw(home, records, submissions, readings)


def build(home: Home, parsed: Path | None = None) -> None:
    """Every seed and model by dbt, no tests; every candidate read once. `parsed` is a target folder that has them."""
    write(home, [])
    _build(home, parsed, "--select", "+cocad_candidates")
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
    _build(home, parsed, "--exclude", "+cocad_candidates")


def _build(home: Home, parsed: Path | None, *selection: str) -> None:
    built = run_dbt(home, parsed, "build", "--exclude-resource-type", "test", "unit_test", *selection)
    assert not (problems := failed(built)), problems


def query(home: Home, sql: str) -> list[tuple]:
    """Rows of the home's warehouse."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()
