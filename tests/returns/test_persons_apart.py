"""Persons whom nobody names are as many as there are rows or groups of them: by role and side by side, too."""

import duckdb
import pyarrow as pa
import pytest

from orchestration.home import Home
from orchestration.returns import check, raw
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.warehouse import compiled

QUARTER = "2023-Q1"


def staged_suspects(folder, suspects, victims=1):
    """Suspects of one crime in one file, with its victims, as staging has them."""
    home = Home(folder)
    raw.ensure(home)
    same = {"layout": "national", "file": "return.csv", "sheet": None, "crime_reference": "46/1/23"}
    crime = {"offence_code": "19E", "recorded_on": "2023-02-03", "status": "recorded", "record_number": 1}
    sent = {
        "crimes": [crime],
        "victims": [{"victim_reference": f"V{n}", "record_number": n} for n in range(1, victims + 1)],
        "suspects": [{"suspect_reference": "UNKNOWN", "gender": "M", **one} for one in suspects],
    }
    for kind in RECORD_TYPES:
        names = [
            name for name in raw.records_schema(kind).names if name not in ("force", "quarter", "submission")
        ]
        schema = pa.schema([raw.records_schema(kind).field(name) for name in names])
        table = pa.Table.from_pylist([same | row for row in sent[kind]], schema=schema)
        raw.write(
            raw._with_origin(table, kind, "kent", QUARTER, 1),
            raw.records_file(home, kind, QUARTER, "kent", 1),
        )
    submission = {
        "force": "kent",
        "quarter": QUARTER,
        "submission": 1,
        "layout": "national",
        "status": "accepted",
    }
    counts = {kind: len(rows) for kind, rows in sent.items()}
    row = {**submission, **counts, "received_at": "2023-04-20"}
    raw.write(pa.Table.from_pylist([row], schema=raw.submissions_schema()), home.raw / "submissions.parquet")
    with duckdb.connect() as connection:
        steps = [
            step
            for step in compiled.steps(check.MODELS)
            if step.kind == "seed" or step.name.startswith(("stg_", "int_"))
        ]
        compiled.build(connection, steps, home.raw)
        return connection.execute(
            "select count(*), count(distinct suspect_reference) from intermediate.int_suspects"
        ).fetchone()


@pytest.mark.parametrize(
    ("suspects", "persons"),
    [
        # side by side in one row
        ([{"record_number": 1, "place_in_row": place} for place in (1, 2, 3)], 3),
        # the same three in the row of each victim: the crime has three
        ([{"record_number": row, "place_in_row": place} for row in (1, 2) for place in (1, 2, 3)], 3),
        # a row for each person: no row is a victim's and a suspect's
        ([{"record_number": row} for row in (3, 4)], 2),
        # a flat file: the suspect's row is a victim's
        (
            [
                {"record_number": row, "victim_reference": victim}
                for row, victim in ((1, "V1"), (2, "V2"))
            ],
            1,
        ),
    ],
)  # fmt: skip
def test_persons_without_a_name_are_as_many_as_are_sent(tmp_path, suspects, persons):
    assert staged_suspects(tmp_path, suspects, victims=2) == (persons, persons)
