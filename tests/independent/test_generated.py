"""The warehouse against the independent derivation, on small quarters that Hypothesis makes up and shrinks.

The SQL is that of `cpai check`, compiled once and run in memory: no dbt for an example.
"""

import duckdb
import pyarrow as pa
import pytest
from derivation import Derivation, Records, Seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.home import SEEDS, Home
from orchestration.returns import raw
from orchestration.returns.check import MODELS
from orchestration.warehouse import compiled

FORCES, QUARTERS = ("kent", "essex"), ("2023-Q1", "2023-Q2")
DAYS = (
    None,
    "2020-02-29",
    "2022-01-15",
    "2023-01-31",
    "2023-03-31",
    "2023-04-01",
    "2023-05-10",
    "2023-07-01",
    "soon",
)
FLAG = st.sampled_from((None, "Y", "N", "Yes", "perhaps"))
AGE = st.sampled_from((None, "0", "12", "13", "15", "17", "18", "40", "many"))
BORN = st.sampled_from((None, "2005-01-15", "2005-05-11", "2012-02-29"))
GENDER = st.sampled_from((None, "F", "M", "x?"))
CRIME = st.fixed_dictionaries(
    {
        "offence_code": st.sampled_from(
            (
                "19E",
                "19/8",
                "19C",
                "17A",
                "20/1",
                "13",
                "86",
                "86/2",
                "86/11",
                "88A",
                "71/17",
                "19J",
                "N100/2",
                "99/99",
            )
        ),
        "recorded_on": st.sampled_from(
            ("2023-01-31", "2023-03-31", "2023-04-01", "2023-05-10", "2023-07-01")
        ),
        "reported_on": st.sampled_from(DAYS),
        "committed_from": st.sampled_from(DAYS),
        "committed_to": st.sampled_from(DAYS),
        "status": st.sampled_from(("recorded", "cancelled", "No Crime")),
        "csa_flag": FLAG,
        "cse_flag": FLAG,
        "offenders_stated": st.sampled_from((None, "0", "1", "2", "2.5", "-1")),
        "summary": st.sampled_from((None, "nothing to see", "a group of men", "gang", "multiple suspects")),
    }
)
PERSON = st.fixed_dictionaries({"age_at_offence": AGE, "date_of_birth": BORN, "gender": GENDER})
INCIDENT = st.tuples(
    st.sampled_from(FORCES),
    st.sampled_from(QUARTERS),
    CRIME,
    st.lists(st.tuples(st.sampled_from(("1", "2", "PV01", "PV02", "STATE")), PERSON), max_size=3),
    st.lists(st.tuples(st.sampled_from(("1", "2", "PS01", "PS02")), PERSON), max_size=3),
)
EXAMPLE = st.lists(INCIDENT, min_size=1, max_size=6)


def records_of(example) -> Records:
    """The example as records of one submission for each force and quarter."""
    records = Records([], [], [], [], [])
    for force in FORCES:
        for quarter in QUARTERS:
            records.submissions.append(
                dict.fromkeys(raw.submissions_schema().names)
                | {"force": force, "quarter": quarter, "submission": 1, "layout": "national"}
                | {"status": "accepted", "received_at": "2023-08-01T09:00:00+00:00", "reasons": "[]"}
            )
    for number, (force, quarter, crime, victims, suspects) in enumerate(example):
        place = {"force": force, "quarter": quarter, "submission": 1, "layout": "national"}
        place |= {"crime_reference": f"CR{number:04}"}
        _add(records.crimes, "crimes", place, crime)
        for reference, person in victims:
            _add(records.victims, "victims", place, {"victim_reference": reference, **person})
        for reference, person in suspects:
            _add(records.suspects, "suspects", place, {"suspect_reference": reference, **person})
    return records


def _add(rows: list[dict], record_type: str, place: dict, values: dict) -> None:
    known = dict.fromkeys(raw.records_schema(record_type).names)
    assert not values.keys() - known.keys(), values.keys() - known.keys()
    rows.append(known | place | {"file": f"{record_type}.csv", "record_number": len(rows) + 2} | values)


class Warehouse:
    """The models in memory, made anew for each example from a raw folder of its own."""

    def __init__(self, home: Home) -> None:
        self.home, self.connection = home, duckdb.connect()
        raw.ensure(home)
        steps = compiled.steps(MODELS)
        compiled.build(self.connection, steps, home.raw)
        self.models = [step for step in steps if step.kind != "seed"]

    def build(self, records: Records) -> None:
        for name in ("crimes", "victims", "suspects"):
            table = pa.Table.from_pylist(getattr(records, name), schema=raw.records_schema(name))
            raw.write(table, self.home.raw / name / "2023-Q1" / "made.1.parquet")
        table = pa.Table.from_pylist(records.submissions, schema=raw.submissions_schema())
        raw.write(table, self.home.raw / "submissions.parquet")
        for model in self.models:
            self.connection.execute(f"create or replace {model.kind} {model.relation} as {model.sql}")

    def by_key(self, columns: str, table: str) -> dict:
        asked = f"select (force, quarter, crime_reference), ({columns}) from {table}"
        return dict(self.connection.execute(asked).fetchall())


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return Warehouse(Home(tmp_path_factory.mktemp("generated")))


@pytest.fixture(scope="module")
def seeds():
    return Seeds(SEEDS)


def agree(warehouse: Warehouse, seeds: Seeds, example) -> None:
    records = records_of(example)
    derived = Derivation(records, seeds)
    warehouse.build(records)
    assert warehouse.by_key("reason, 0", "cpai.cpai_exclusions") == {
        key: (reason, 0) for key, reason in derived.exclusions.items()
    }
    columns = "offence_code, is_image, is_contact, recency, offenders_stated, suspect_rows, victim_rows"
    assert warehouse.by_key(columns, "cpai.cpai_crimes") == {
        key: (
            crime.offence["offence_code"],
            *(crime.is_image, crime.is_contact, crime.recency, crime.offenders_stated),
            *(len(crime.suspects), len(crime.victims)),
        )
        for key, crime in derived.cpai.items()
    }
    assert warehouse.by_key("reasons, 0", "cocad.cocad_candidates") == {
        key: (reasons, 0) for key, reasons in derived.candidates.items()
    }


QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=6, derandomize=True, **QUIET)
@given(example=EXAMPLE)
def test_generated_quarters_agree(warehouse, seeds, example):
    agree(warehouse, seeds, example)


@pytest.mark.proof
@settings(max_examples=120, **QUIET)
@given(example=EXAMPLE)
def test_many_generated_quarters_agree(warehouse, seeds, example):
    agree(warehouse, seeds, example)
