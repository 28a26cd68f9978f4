"""What dbt sees of the ledger: Parquet files in raw/, made anew from it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, Subquery, or_, select

from orchestration import parquet
from orchestration.home import Home
from orchestration.ledger import evidence
from orchestration.ledger.tables import items, reading_slots, readings, submissions
from orchestration.verdicts import told

# last of the columns of a submission: its reasons as they may leave the home
TOLD = "reasons_told"


def write(engine: Engine, home: Home) -> None:
    """Write raw/submissions.parquet, raw/readings.parquet and raw/reading_slots.parquet. One rename each.

    A file that already has these rows is left alone, so that a run with nothing new changes nothing.
    """
    for name, table in of(engine):
        path = home.raw / f"{name}.parquet"
        if not parquet.holds(path, table):
            parquet.write(table, path)
        with engine.begin() as connection:
            evidence.note_files(connection, home, path)


def of(engine: Engine) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of each file of raw/ that holds what models read of the ledger."""
    with engine.connect() as connection:
        for name, schema, table, key in (
            ("submissions", submissions_schema(), submissions, submissions.primary_key.columns),
            ("readings", readings_schema(), readings, readings.primary_key.columns),
            # a first reading is due of every candidate: only what is due beyond it has a row
            ("reading_slots", reading_slots_schema(), _further_slots(), ["slot"]),
        ):
            columns = [table.c[field.name] for field in schema if field.name != TOLD]
            rows = connection.execute(select(*columns).order_by(*key)).all()
            if TOLD in schema.names:
                rows = [
                    (*row, json.dumps([told(reason) for reason in json.loads(row.reasons)])) for row in rows
                ]
            yield name, _arrow(rows, schema)


def _further_slots() -> Subquery:
    return (
        select(reading_slots, items.c.force, items.c.quarter, items.c.crime_reference, items.c.version)
        .join(items)
        .where(or_(reading_slots.c.role != "first", reading_slots.c.round > 1))
        .subquery()
    )


def _arrow(rows: Sequence[Any], schema: pa.Schema) -> pa.Table:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)], schema=schema
    )


def submissions_schema() -> pa.Schema:
    return parquet.schema(
        f"force quarter submission layout status received_at crimes victims suspects reasons {TOLD}",
        submission=pa.int32(),
        **dict.fromkeys(("crimes", "victims", "suspects"), pa.int64()),
    )


def readings_schema() -> pa.Schema:
    """Of the ledger's columns those that models read: the chain's hashes stay in the ledger."""
    return parquet.schema(
        "reading_id force crime_reference version role reader read_at group_based network_definition offenders_read "
        "criterion runner_up committed_by_children confidence reason imported_at source_file facilitator_present "
        "decided_by codebook scheme started_at slot round corrects checks",
        **dict.fromkeys(("reading_id", "slot", "corrects"), pa.int64()),
        **dict.fromkeys(("offenders_read", "round"), pa.int32()),
    )


def reading_slots_schema() -> pa.Schema:
    names = "slot force quarter crime_reference version role because opened_at round"
    return parquet.schema(names, slot=pa.int64(), round=pa.int32())
