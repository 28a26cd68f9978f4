"""Writes a home's raw Parquet from a few hand-made records, in the schema the intake writes."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.home import SEEDS

PLACE = [
    ("force", pa.string()),
    ("quarter", pa.string()),
    ("submission", pa.int32()),
    ("layout", pa.string()),
]
PLACE += [("file", pa.string()), ("sheet", pa.string()), ("record_number", pa.int32())]
SUBMISSION = pa.schema(
    [("force", pa.string()), ("quarter", pa.string()), ("submission", pa.int32()), ("layout", pa.string())]
    + [("status", pa.string()), ("received_at", pa.string())]
    + [("crimes", pa.int64()), ("victims", pa.int64()), ("suspects", pa.int64()), ("reasons", pa.string())]
)
READING = pa.schema(
    [("reading_id", pa.int64())]
    + [(name, pa.string()) for name in ("force", "crime_reference", "version", "role", "reader", "read_at")]
    + [("group_based", pa.string()), ("network_definition", pa.string()), ("offenders_read", pa.int32())]
    + [(name, pa.string()) for name in ("criterion", "runner_up", "committed_by_children", "confidence")]
    + [(name, pa.string()) for name in ("reason", "imported_at", "source_file")]
)
RECORDED = pa.schema(
    [("quarter", pa.string()), ("force", pa.string()), ("offence_class", pa.string()), ("crimes", pa.int64())]
)


def schema(record_type: str) -> pa.Schema:
    """The raw Parquet schema of `crimes`, `victims` or `suspects`."""
    with (SEEDS / "return_columns.csv").open(encoding="utf-8") as handle:
        columns = [row["column"] for row in csv.DictReader(handle) if row["record_type"] == record_type]
    return pa.schema(PLACE + [(column, pa.string()) for column in columns])


def write_raw(
    raw: Path, records: dict[str, list[dict]], submissions: list[dict], readings: list[dict]
) -> None:
    """Replaces everything under `raw`; rows may leave columns out, and number themselves in their file."""
    for record_type in ("crimes", "victims", "suspects"):
        shape = schema(record_type)
        by_file: dict[tuple, list[dict]] = {("none", "none", 0): []}
        for row in records.get(record_type, []):
            row = {"layout": "national", "file": f"{record_type}.csv", "submission": 1, **row}
            rows = by_file.setdefault((row["quarter"], row["force"], row["submission"]), [])
            rows.append({"record_number": len(rows) + 1, **row})
        for (quarter, force, submission), rows in by_file.items():
            file = raw / record_type / quarter / f"{force}.{submission}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=shape), file)
    for name, rows, shape in (
        ("submissions", submissions, SUBMISSION),
        ("readings", readings, READING),
        ("police_recorded_crime", [], RECORDED),
    ):
        pq.write_table(pa.Table.from_pylist(rows, schema=shape), raw / f"{name}.parquet")
