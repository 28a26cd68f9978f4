"""Small quarters of returns and readings out of a few values for each column, and the warehouse of them in memory.

As strategies that Hypothesis combines and shrinks, and drawn at random for a larger lot. The SQL is dbt's own,
compiled once (kept in the cache of `cpai check`): no dbt for an example.
"""

import random

import duckdb
import pyarrow as pa
from derivation import Records
from hypothesis import strategies as st

from orchestration.home import Home
from orchestration.readings.agreement import measure
from orchestration.returns import raw
from orchestration.warehouse import changes, compiled

MODELS = ("cocad_candidates", "cpai_exclusions", "cocad_unread", "figures")
FORCES, QUARTERS = ("kent", "essex"), ("2023-Q1", "2023-Q2")
# two crimes read twice count here, or no example would: 30 do in earnest
POLICY = {"fewest_pairs": 2, "replicates": 1}
NOW = "2023-08-01T09:00:00+00:00"

DAYS = (
    None,
    "2020-02-29",
    "2022-01-15",
    "2022-05-09",
    "2022-05-10",
    "2023-01-31",
    "2023-03-31",
    "2023-04-01",
)
DAYS += ("2023-05-10", "2023-07-01", "2032-01-20", "soon")
CODES = (*["19E"] * 6, "19/8", "19C", "17A", "20/1", "19J", "19K", "73", "13", "86", "86/2", "86/11", "88A")
CODES += ("71/17", "N100/2", "99/99", None)
FLAGS = (None, "Y", "N", "Yes", "perhaps")
CRIME = {
    "offence_code": CODES,
    "recorded_on": (
        *["in the quarter"] * 8,
        "2023-01-31",
        "2023-03-31",
        "2023-04-01",
        "2023-05-10",
        "2023-07-01",
        "2023-02-30",
    ),
    "reported_on": DAYS,
    "committed_from": DAYS,
    "committed_to": DAYS,
    "status": (*["recorded"] * 8, "cancelled", "No Crime", None),
    "cancellation_code": (*[None] * 6, "C1", "C2", "C3", "C9"),
    "linked_crime_reference": (*[None] * 4, "CR1", "essex:CR2", "of no force"),
    "csa_flag": FLAGS,
    "cse_flag": FLAGS,
    "offenders_stated": ("2", "2", None, "0", "1", "2.5", "-1"),
    "summary": (None, "nothing to see", "Note: Co-Offender", "co-offenders", "multiple suspects"),
}
PERSON = {
    "age_at_offence": (
        None,
        None,
        "0",
        "9",
        "12",
        "13",
        "15",
        "17",
        "18",
        "40",
        "120",
        "121",
        "999",
        "many",
        "17 yrs",
        "<1",
        "10-14",
        "16+",
    ),
    "date_of_birth": (
        None,
        "1900-01-01",
        "2005-01-15",
        "2005-05-11",
        "2012-02-29",
        "2011",
        "May 2005",
        "05/2011",
        "5/5/11",
        "2023-06-01",
    ),
    "gender": (None, "F", "M", "Refused", "x?"),
    "self_defined_ethnicity": (None, "W1", "A2", "O1", "B9", "NS", "Not known", "Z7"),
    "observed_ethnicity": (None, "IC1", "4", "IC9", "x?"),
}
SUSPECT = PERSON | {
    "identified": (None, "Y", "N"),
    "relationship": (None, "Stranger", "Parent", "Acquaintance", "N/K", "x?"),
}
VICTIM_REFERENCES, SUSPECT_REFERENCES = (
    ("1", "2", "PV01", "PV02", "STATE", "UNKNOWN"),
    ("1", "2", "PS01", "PS02", "n/a", "Unknown 2"),
)
ANSWER = {
    "group_based": ("yes", "yes", "yes", "no", "cannot_tell"),
    "criterion": ("cse", "familial", "institutional", "ritualistic", "other", "unknown"),
    "committed_by_children": ("no", "yes"),
    "offenders_read": (None, 1, 2, 3),
}
# what became of the first and second submission of a return; (): not one came
RETURNS = (
    *[("accepted",)] * 6,
    *(("accepted",), ("accepted", "accepted"), ("accepted", "refused"), ("accepted", "missing"), ("nil",)),
    *(("accepted", "nil"), ("missing",), ("refused", "accepted"), ()),
)


# what came of a crime once more: a copy of its record, one with more or something else, one of another crime under
# the same reference, or its cancellation in the return of the next quarter
AGAIN = (*[None] * 8, "copy", "says more", "says else", "another crime", "cancelled later", "cancelled later")


def one_of_each(values: dict[str, tuple]) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({name: st.sampled_from(those) for name, those in values.items()})


ANSWERED = one_of_each(ANSWER)
READ = st.fixed_dictionaries(
    {
        "first": ANSWERED | ANSWERED | st.none(),
        "second": st.just("as the first") | st.just("as the first") | ANSWERED | st.none(),
        "adjudicator": st.none() | st.none() | ANSWERED,
        "gold": st.none() | st.none() | ANSWERED,
        "correction": st.none() | st.none() | ANSWERED,  # of the first
        "in_a_first_round": st.none() | st.none() | ANSWERED,  # before the record had more
        "awaits_second": st.booleans(),
        "of_another_version": st.sampled_from((False, False, False, True)),
        "again": st.sampled_from(AGAIN),
    }
)
INCIDENT = st.tuples(
    st.sampled_from(FORCES),
    st.sampled_from(QUARTERS),
    st.sampled_from((1, 1, 1, 2)),
    st.sampled_from([f"CR{number}" for number in range(8)]),
    one_of_each(CRIME),
    st.lists(st.tuples(st.sampled_from(VICTIM_REFERENCES), one_of_each(PERSON)), max_size=3),
    st.lists(st.tuples(st.sampled_from(SUSPECT_REFERENCES), one_of_each(SUSPECT)), max_size=3),
    READ,
)
EXAMPLE = st.tuples(
    st.fixed_dictionaries(
        {(force, quarter): st.sampled_from(RETURNS) for force in FORCES for quarter in QUARTERS}
    ),
    # a list is about as long as twice its least: few would be too few for two crimes read twice
    st.lists(INCIDENT, min_size=6, max_size=16),
)


RECORDED = {
    "2023-Q1": "2023-03-31",
    "2023-Q2": "2023-05-10",
    "2023-Q3": "2023-08-31",
    "2023-Q4": "2023-10-01",
}

SHARE_READ = {"first": 0.95, "second": 0.9, "adjudicator": 0.4, "gold": 0.1, "correction": 0.1}
SHARE_READ |= {"in_a_first_round": 0.1}
# so that readers agree, disagree, and agree somewhat
SHARE_ALIKE = {"2023-Q1": 1, "2023-Q2": 0, "2023-Q3": 0.7, "2023-Q4": 0.9}


def drawn(forces: tuple[str, ...], incidents: int, seed: int) -> tuple:
    """An example of a year of many incidents, in which persons rarely meet twice; a seed draws the same."""
    draw = random.Random(seed)

    def one(values: dict[str, tuple]) -> dict:
        return {name: draw.choice(those) for name, those in values.items()}

    def persons(kind: str, references: tuple[str, ...], values: dict[str, tuple]) -> list[tuple]:
        own = [*references, *(f"{kind}{draw.randrange(incidents)}" for _ in references)]
        return [(draw.choice(own), one(values)) for _ in range(draw.choice((0, 1, 1, 2, 3)))]

    def incident() -> tuple:
        force, quarter = draw.choice(list(returns))
        reference = f"CR{draw.randrange(incidents // len(returns) * 2)}"
        crime = one(CRIME)
        victims, suspects = persons("PV", ("1", "PV1", "STATE"), PERSON), persons("PS", ("1", "PS1"), SUSPECT)
        return force, quarter, 1, reference, crime, victims, suspects, plan(quarter)

    def plan(quarter: str) -> dict:
        given = {role: one(ANSWER) if draw.random() < share else None for role, share in SHARE_READ.items()}
        if draw.random() < SHARE_ALIKE[quarter]:
            given["second"] = "as the first"
        given |= {"awaits_second": draw.random() < 0.2, "of_another_version": draw.random() < 0.1}
        return given | {"again": draw.choice(AGAIN)}

    returns = {(force, quarter): ("accepted",) for force in forces for quarter in RECORDED}
    return returns, [incident() for _ in range(incidents)]


SAID_AGAIN = {
    "copy": {},
    "says more": {"csa_flag": "Y", "offenders_stated": "3", "committed_to": "2022-01-15"},
    "says else": {"summary": "nothing more", "offenders_stated": "1", "cse_flag": "Y"},
    "another crime": {"offence_code": "20/5"},
}


def records_of(example) -> Records:
    """The example's submissions with the records of those accepted, unread."""
    returns, incidents = example
    records = Records([], [], [], [], [])
    for (force, quarter), came in returns.items():
        for number, status in enumerate(came, start=1):
            records.submissions.append(
                dict.fromkeys(raw.submissions_schema().names)
                | {"force": force, "quarter": quarter, "submission": number, "layout": "national"}
                | {"status": status, "received_at": NOW, "reasons": "[]"}
            )
    for force, quarter, submission, reference, crime, victims, suspects, plan in incidents:
        if returns[force, quarter][submission - 1 : submission] != ("accepted",):
            continue
        place = {"force": force, "quarter": quarter, "submission": submission, "layout": "national"}
        place |= {"crime_reference": reference}
        if crime["recorded_on"] == "in the quarter":
            crime = crime | {"recorded_on": RECORDED[quarter]}
        _add(records.crimes, "crimes", place, crime)
        later = sorted(RECORDED)[sorted(RECORDED).index(quarter) + 1 :][:1]
        again = plan.get("again")
        if again == "cancelled later":
            for next_quarter in later:
                if returns.get((force, next_quarter), ())[:1] == ("accepted",):
                    cancelled = {"status": "cancelled", "cancellation_code": "C2"}
                    _add(
                        records.crimes,
                        "crimes",
                        place | {"quarter": next_quarter, "submission": 1},
                        crime | cancelled,
                    )
        elif again:
            _add(records.crimes, "crimes", place, crime | SAID_AGAIN[again])
        for number, person in victims:
            _add(records.victims, "victims", place, {"victim_reference": number, **person})
        for number, person in suspects:
            _add(records.suspects, "suspects", place, {"suspect_reference": number, **person})
    return records


def _add(rows: list[dict], record_type: str, place: dict, values: dict) -> None:
    known = dict.fromkeys(raw.records_schema(record_type).names)
    assert not values.keys() - known.keys(), values.keys() - known.keys()
    rows.append(known | place | {"file": f"{record_type}.csv", "record_number": len(rows) + 2} | values)


def read(records: Records, example, versions: dict[tuple, str]) -> None:
    """Add the example's readings and the slots they were given in, of candidates at these versions."""
    records.versions = versions
    items = set()
    for force, quarter, _, reference, *_, plan in example[1]:
        version = versions.get((force, quarter, reference), "of no candidate")
        if plan["of_another_version"]:
            version = f"before {version}"
        item = {"force": force, "crime_reference": reference, "version": version}
        if not plan or tuple(item.values()) in items:
            continue
        items.add(tuple(item.values()))
        _read_item(records, item, quarter, plan)


def _read_item(records: Records, item: dict, quarter: str, plan: dict) -> None:
    current = 2 if plan["in_a_first_round"] else 1

    def slot(role: str, number: int) -> None:
        given = {"slot": len(records.slots) + 1, "quarter": quarter, "opened_at": NOW, "because": "first"}
        records.slots.append(item | given | {"role": role, "round": number})

    def reading(role: str, answer: dict, number: int, corrects: int | None = None) -> int:
        said = dict(answer)
        if said["group_based"] != "yes":
            said |= {"criterion": None}
        if quarter == "2023-Q1":
            said |= {"committed_by_children": "not_collected"}
        records.readings.append(
            dict.fromkeys(raw.readings_schema().names)
            | item
            | said
            | {"reading_id": len(records.readings) + 1, "role": role, "reader": f"the {role}"}
            | {"read_at": NOW, "imported_at": NOW, "round": number, "corrects": corrects}
        )
        return len(records.readings)

    if plan["in_a_first_round"]:
        slot("first", 1)
        reading("first", plan["in_a_first_round"], 1)
        slot("first", 2)
    if plan["first"]:
        number = reading("first", plan["first"], current)
        if plan["correction"]:
            reading("first", plan["correction"], current, corrects=number)
    second = (plan["correction"] or plan["first"]) if plan["second"] == "as the first" else plan["second"]
    if plan["awaits_second"]:
        slot("second", current)
    for role, answer in (("second", second), ("adjudicator", plan["adjudicator"]), ("gold", plan["gold"])):
        if answer:
            reading(role, answer, current)


class Warehouse:
    """The models in memory, made anew for each example from a raw folder of its own."""

    def __init__(self, home: Home, models: tuple[str, ...] = MODELS) -> None:
        self.home, self.connection = home, duckdb.connect()
        raw.ensure(home)
        steps = compiled.steps(models)
        compiled.build(self.connection, [step for step in steps if step.kind == "seed"], home.raw)
        self.models = [step for step in steps if step.kind != "seed"]
        for schema in dict.fromkeys(step.schema for step in self.models):
            self.connection.execute(f'create schema if not exists "{schema}"')
        names = [step.name for step in self.models]
        last = names.index("cocad_candidates") if "cocad_candidates" in names else len(names)
        self.of_records, self.of_readings = self.models[: last + 1], self.models[last + 1 :]

    def build(self, records: Records) -> None:
        """The models up to the candidates."""
        for name in ("crimes", "victims", "suspects"):
            table = pa.Table.from_pylist(getattr(records, name), schema=raw.records_schema(name))
            raw.write(table, self.home.raw / name / "2023-Q1" / "made.1.parquet")
        table = pa.Table.from_pylist(records.submissions, schema=raw.submissions_schema())
        raw.write(table, self.home.raw / "submissions.parquet")
        # each example anew: nothing is built yet, and all of it has changed
        self.connection.execute("delete from warehouse.control.changed_returns")
        changes.prepare(self.connection, self.home.raw)
        self._make(self.of_records)

    def versions(self) -> dict[tuple, str]:
        """The version of each candidate, by crime."""
        return {key: version for key, (version,) in self.by_key("version", "cocad.cocad_candidates").items()}

    def read(self, records: Records) -> None:
        """The models that stand on readings."""
        for name, rows, schema in (
            ("readings", records.readings, raw.readings_schema()),
            ("reading_slots", records.slots, raw.reading_slots_schema()),
        ):
            raw.write(pa.Table.from_pylist(rows, schema=schema), self.home.raw / f"{name}.parquet")
        self._make(self.of_readings)

    def _make(self, steps: list[compiled.Step]) -> None:
        for step in steps:
            sql = step.sql
            if step.name == "measured_agreement":  # a model in Python
                cells = self.rows("select * from marts.reading_confusion")
                policy = dict(self.rows("select setting, value from reference.agreement_policy"))
                self.connection.register("measured", measure(cells, policy))
                sql = "from measured"
            self.connection.execute(f"create or replace {step.kind} {step.relation} as {sql}")

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def by_key(self, columns: str, table: str) -> dict[tuple, tuple]:
        return {
            row[:3]: row[3:]
            for row in self.rows(f"select force, quarter, crime_reference, {columns} from {table}")
        }
