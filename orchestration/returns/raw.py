"""Raw Parquet: the records of each submission as text, where dbt finds them.

`raw/<record_type>/<quarter>/<force>.<submission>.parquet`, and a zero-row
`raw/<record_type>/none/none.0.parquet` so that a model reading `crimes/*/*.parquet` finds its columns before
anything has arrived.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.home import Home
from orchestration.returns.layouts import RECORD_TYPES, return_columns

ORIGIN = pa.schema(
    [
        ("force", pa.string()),
        ("quarter", pa.string()),
        ("submission", pa.int32()),
        ("layout", pa.string()),
        ("file", pa.string()),
        ("sheet", pa.string()),
        ("record_number", pa.int32()),
    ]
)


def records_schema(record_type: str) -> pa.Schema:
    """Where a record came from, then every column of the return specification, as text."""
    return pa.schema([*ORIGIN, *((column, pa.string()) for column in return_columns(record_type))])


def intake_findings_schema() -> pa.Schema:
    """Where intake met spreadsheet damage: one row per record, column and check code, no values."""
    return pa.schema(
        [
            ("force", pa.string()),
            ("quarter", pa.string()),
            ("submission", pa.int32()),
            ("code", pa.string()),
            ("record_type", pa.string()),
            ("file", pa.string()),
            ("sheet", pa.string()),
            ("record_number", pa.int32()),
            ("column", pa.string()),
            ("records", pa.int64()),
        ]
    )


def submissions_schema() -> pa.Schema:
    return pa.schema(
        [
            ("force", pa.string()),
            ("quarter", pa.string()),
            ("submission", pa.int32()),
            ("layout", pa.string()),
            ("status", pa.string()),
            ("received_at", pa.string()),
            ("crimes", pa.int64()),
            ("victims", pa.int64()),
            ("suspects", pa.int64()),
            ("reasons", pa.string()),
        ]
    )


def readings_schema() -> pa.Schema:
    text = (
        "force crime_reference version role reader read_at group_based network_definition criterion "
        "runner_up committed_by_children confidence reason imported_at source_file"
    )
    schema = pa.schema([("reading_id", pa.int64()), *((name, pa.string()) for name in text.split())])
    # in the ledger's order
    return schema.insert(schema.get_field_index("criterion"), pa.field("offenders_read", pa.int32()))


def police_recorded_crime_schema() -> pa.Schema:
    return pa.schema(
        [
            ("quarter", pa.string()),
            ("force", pa.string()),
            ("offence_class", pa.string()),
            ("crimes", pa.int32()),
        ]
    )


def records_file(home: Home, record_type: str, quarter: str, force: str, submission: int) -> Path:
    return home.raw / record_type / quarter / f"{force}.{submission}.parquet"


def ensure(home: Home) -> None:
    """Make the zero-row files that dbt's sources need before the first return or open data arrives."""
    empty = {home.raw / kind / "none" / "none.0.parquet": records_schema(kind) for kind in RECORD_TYPES}
    empty[home.raw / "intake_findings" / "none" / "none.0.parquet"] = intake_findings_schema()
    empty[home.raw / "submissions.parquet"] = submissions_schema()
    empty[home.raw / "readings.parquet"] = readings_schema()
    empty[home.raw / "police_recorded_crime.parquet"] = police_recorded_crime_schema()
    for path, schema in empty.items():
        if not path.exists():
            write(schema.empty_table(), path)


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the name a killed run left behind is the name the next run writes over
    aside = path.with_name(f".{path.name}.writing")
    # Statistics of text columns took 40% of the writing time and prune nothing: models read every record.
    numbers = [field.name for field in table.schema if not pa.types.is_string(field.type)]
    pq.write_table(table, aside, compression="snappy", store_schema=False, write_statistics=numbers)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def write_if_changed(table: pa.Table, path: Path) -> None:
    """Write a Parquet file unless the one there holds the same rows."""
    if path.exists() and pq.read_table(path, partitioning=None).equals(table):
        return
    write(table, path)
