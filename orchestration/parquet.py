"""Parquet files of a home: written whole or not at all, and only where they differ."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def schema(names: str, **types: pa.DataType) -> pa.Schema:
    """Columns of these names in this order: text, unless `types` says otherwise."""
    return pa.schema([(name, types.get(name, pa.string())) for name in names.split()])


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the name a killed run left behind is the name the next run writes over
    aside = path.with_name(f".{path.name}.writing")
    # Statistics of text columns took 40% of the writing time and prune nothing: models read every record.
    numbers = [field.name for field in table.schema if not pa.types.is_string(field.type)]
    pq.write_table(table, aside, compression="snappy", store_schema=False, write_statistics=numbers)
    # to be written to: Windows brings nothing else to the disk
    with aside.open("r+b") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def holds(path: Path, table: pa.Table) -> bool:
    """Whether a Parquet file holds these rows; one that is no Parquet any more holds none."""
    try:
        return path.exists() and pq.read_table(path, partitioning=None).equals(table)
    except (pa.ArrowInvalid, OSError):
        return False
