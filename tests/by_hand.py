"""A home whose records were written by hand: raw files as the intake would have written them, and dbt run on them."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa

from orchestration import parquet
from orchestration.home import Home
from orchestration.returns import raw
from orchestration.warehouse.dbt import invoke

RECEIVED = "2023-04-20T09:00:00+00:00"
IMPORTED = "2023-05-20T09:00:00+00:00"
KEY = "key of the tests, which is long enough"


def write_raw(
    home: Home, records: dict[str, list[dict]], submissions: list[dict], readings: Iterable[dict] = ()
) -> None:
    """Rows may leave columns out and number themselves in their file; the ledger's counts are theirs."""
    counts: dict[tuple, dict[str, int]] = defaultdict(dict)
    for record_type in ("crimes", "victims", "suspects"):
        schema = raw.records_schema(record_type)
        returns: dict[tuple, list[dict]] = defaultdict(list)
        for row in records.get(record_type, []):
            row = {"layout": "national", "file": f"{record_type}.csv", "submission": 1, **row}
            rows = returns[row["quarter"], row["force"], row["submission"]]
            rows.append({"record_number": len(rows) + 1, **row})
        for (quarter, force, submission), rows in returns.items():
            counts[force, quarter, submission][record_type] = len(rows)
            file = raw.records_file(home, record_type, quarter, force, submission)
            table = pa.Table.from_pylist(rows, schema=schema)
            # as intake does: a file that is written again is a return that has changed
            if not parquet.holds(file, table):
                raw.write(table, file)
    none = {"layout": "national", "received_at": RECEIVED, "crimes": 0, "victims": 0, "suspects": 0}
    received = [
        none | {"submission": 1} | counts[row["force"], row["quarter"], row.get("submission", 1)] | row
        for row in submissions
    ]
    read = [{"reading_id": n, "imported_at": IMPORTED, **row} for n, row in enumerate(readings, start=1)]
    for name, rows, schema in (
        ("submissions", received, raw.submissions_schema()),
        ("readings", read, raw.readings_schema()),
    ):
        raw.write(pa.Table.from_pylist(rows, schema=schema), home.raw / f"{name}.parquet")
    raw.ensure(home)


def run_dbt(home: Home, parsed: Path | None, *words: str) -> list[Any]:
    """One dbt command, the models read from a target folder that has them parsed; dbt's result of each node."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((parsed / "partial_parse.msgpack").read_bytes()) if parsed else None
    with mock.patch.dict(os.environ, {"CPAI_TOKEN_KEY": KEY}):
        return list(invoke(home, list(words), manifest).result or [])


def failed(results: list[Any]) -> list[str]:
    return [
        f"{one.node.name}: {one.message}"
        for one in results
        if str(one.status) not in {"success", "pass", "no-op"}
    ]
