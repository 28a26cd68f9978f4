"""Faults put into the models that decide about a crime, one at a time: the independent derivation must notice.

Each model is asked of thousands of synthetic incidents, and a mutant of it is killed when a row differs from the
derivation. Survivors stand in `surviving_mutants.csv` with a reason.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from derivation import Crime, Derivation, Seeds
from generated import CRIME, MODELS, RECORDED, Warehouse, drawn, records_of
from mutants import Query
from reconciled import Reconciled, drawn_recorded_crime

from orchestration.home import SEEDS, Home
from orchestration.returns import raw
from orchestration.statements import rows_of

TARGET = 0.95
SURVIVING_MUTANTS = Path(__file__).with_name("surviving_mutants.csv")
KEY = ("force", "quarter", "crime_reference")
FORCES = ("kent", "essex", "surrey", "btp", "gwent", "north-wales")
MORE_FORCES = (
    *FORCES,
    "cumbria",
    "dorset",
    "durham",
    "lancashire",
    "norfolk",
    "suffolk",
    "sussex",
    "wiltshire",
)
INCIDENTS, FEWER, SEED = 3000, 1400, 20230401
# draws small enough to leave crimes out, none in the second quarter, and cues of a quarter and of another year
DATED = (
    "update reference.recall_samples set crimes = 4, to_quarter = '2023-Q1'",
    "insert into reference.recall_samples by name from (values "
    "('2022-Q1', '2022-Q4', 4, 'before'), ('2023-Q3', null, 5, 'after')) as dated (from_quarter, to_quarter, crimes, seed)",
    "insert into reference.text_cues by name from (values "
    "('nothing to see', '2023-Q2', '2023-Q2', 'test'), ('see', '2022-Q1', '2022-Q4', 'test')) "
    "as dated (cue, from_quarter, to_quarter, source)",
)
# a share and a number that both decide about counts this small, and breaks of every kind at the ends of a quarter
RECONCILED = (
    "update reference.reconciliation_tolerance set share = 0.5, crimes = 2",
    "insert into reference.known_breaks by name from (values "
    "(date '2023-05-15', null::date, 'national', 'a rule', 'recording rule'), "
    "(date '2023-04-01', null, 'national', 'a collection', 'collection'), "
    "(date '2023-03-01', date '2023-04-01', 'Surrey', 'a system', 'system change'), "
    "(date '2023-07-01', date '2023-12-31', 'Kent', 'another system', 'system change')) "
    'as made (start, "end", scope, what, kind)',
)
NOT_ACCEPTED = {("gwent", "2023-Q4"): ("missing",), ("btp", "2023-Q2"): ("nil",)}

# counted in the third quarter, until the return of the fourth cancels it: that of the second cancelled another
CANCELLED_BEFORE_AND_AFTER = [
    (
        *("kent", quarter, 1, "CR90001"),
        {name: those[0] for name, those in CRIME.items()} | {"recorded_on": recorded_on, "status": status},
        *([], [], {}),
    )
    for quarter, recorded_on, status in (
        ("2023-Q2", "2023-03-31", "cancelled"),
        ("2023-Q3", "2023-08-31", "recorded"),
        ("2023-Q4", "2023-08-31", "cancelled"),
    )
]


def classified(derived: Derivation) -> Iterator[tuple]:
    for key, crime in derived.crimes.items():
        victims, suspects = crime.victims, crime.suspects
        yield (
            *key,
            *(crime.exclusion_as_sent, crime.exclusion, inclusion_rule(crime), crime.has_victim_row),
            *(len(victims), sum(bool(person["told_in_force"]) for person in victims)),
            *(len(suspects), sum(bool(person["told_in_force"]) for person in suspects)),
            sum(person["identified"] == "Y" for person in suspects),
            sum(person["gender"] == "female" for person in suspects),
            *(least(min, victims), least(min, suspects), least(max, suspects)),
        )


def least(end: Callable, persons: list[dict]) -> int | None:
    return end((person["side"] for person in persons if person["side"] is not None), default=None)


def inclusion_rule(crime: Crime) -> str | None:
    """What the crime is in by: the other side of the reasons that would have left it out."""
    if crime.exclusion:
        return None
    if crime.offence["counts_only_when_flagged"] == "Y":
        return "cse_flag"
    if crime.offence["names_a_child"] == "Y":
        return "code_names_a_child"
    if crime.offence["image"] == "C":
        return "csa_flag"
    if any(victim["side"] is not None and victim["side"] < 18 for victim in crime.victims):
        return "child_victim"
    return "csa_flag" if crime.flags["csa_flag"] == "Y" else "cse_flag"


def cpai(derived: Derivation) -> Iterator[tuple]:
    for key, crime in derived.cpai.items():
        yield *key, crime.is_image, crime.is_contact, crime.recency, crime.recorded_on.isoformat()[:7]


def persons(unit: str) -> Callable[[Derivation], Iterator[tuple]]:
    def of(derived: Derivation) -> Iterator[tuple]:
        for key, crime in derived.cpai.items():
            for person in getattr(crime, f"{unit}s"):
                yield (
                    *key,
                    person["reference"],
                    *(person["age"], next(iter(person["bands"]["age_band"]), None)),
                    *(person["gender"], person["gender_recorded"]),
                    *(person["self_defined_ethnicity"], person["ethnicity_group"]),
                    *(person["ethnicity_missing_reason"], person["observed_group"]),
                    *([person["relationship_group"]] if unit == "suspect" else []),
                )

    return of


def candidates(derived: Derivation) -> Iterator[tuple]:
    for key, reasons in derived.candidates.items():
        yield *key, version(derived.crimes[key]), reasons.split(";")[0], reasons


def version(crime: Crime) -> str:
    """What readings are kept under: by another recipe every reading ever made would be stale."""
    ages = sorted("?" if victim["age"] is None else str(victim["age"]) for victim in crime.victims)
    fields = (
        *(crime.offence["offence_code"], crime.committed_from, crime.committed_to, len(crime.suspects)),
        *(
            crime.offenders_stated,
            ",".join(ages),
            crime.summary and sha256(crime.summary.encode()).hexdigest(),
        ),
    )
    text = "|".join("" if value is None else str(value) for value in fields)
    return sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Subject:
    """A model, its columns that are derived beside the key, the derivation of them, and the models it is made with."""

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    expected: Callable[[Derivation | Reconciled], Iterator[tuple]]
    models: tuple[str, ...] = MODELS


PERSON = (
    "age_at_offence",
    "age_band",
    "gender",
    "gender_recorded",
    "self_defined_ethnicity",
    "ethnicity_group",
)
PERSON += ("ethnicity_missing_reason", "observed_ethnicity_group")
SUBJECTS = {
    "cpai_classified_crimes": Subject(
        KEY,
        (
            *("exclusion_reason_as_sent", "exclusion_reason", "inclusion_rule", "has_victim_row"),
            *(
                "victim_rows",
                "identifiable_victims",
                "suspect_rows",
                "identifiable_suspects",
                "named_suspects",
            ),
            *("female_suspects", "youngest_victim", "youngest_suspect", "oldest_suspect"),
        ),
        classified,
    ),
    "cpai_crimes": Subject(KEY, ("is_image", "is_contact", "recency", "month"), cpai),
    "cpai_victims": Subject((*KEY, "victim_reference"), PERSON, persons("victim")),
    "cpai_suspects": Subject(
        (*KEY, "suspect_reference"), (*PERSON, "relationship_group"), persons("suspect")
    ),
    "cocad_candidates": Subject(KEY, ("version", "reason", "reasons"), candidates),
    "recorded_crime_comparison": Subject(
        ("force", "quarter", "offence_class"),
        ("cpai", "recorded_crime", "difference"),
        Reconciled.comparison,
        ("reconciliation",),
    ),
    "recorded_crime_revisions": Subject(
        ("published_on", "force", "quarter"),
        ("recorded_crime", "revision", "is_newest"),
        Reconciled.revisions,
        ("reconciliation",),
    ),
    "reconciliation": Subject(
        ("force", "quarter"),
        (
            *("published_on", "cpai", "recorded_crime", "difference", "percent_difference", "tolerance"),
            *("within_tolerance", "revised", "excluded", "held_out", "known_breaks"),
        ),
        Reconciled.reconciliation,
        ("reconciliation",),
    ),
}


class Lot:
    """The synthetic incidents in memory, with recorded crime beside them where asked, and what is derived of them."""

    def __init__(self, folder: Path, models: tuple[str, ...] = MODELS) -> None:
        home = Home(folder)
        self.warehouse = Warehouse(home, models)
        for statement in DATED if models == MODELS else RECONCILED:
            self.warehouse.connection.execute(statement)
        self.warehouse.connection.execute("set threads = 1; set enable_progress_bar = false")
        returns, incidents = (
            drawn(FORCES, INCIDENTS, SEED) if models == MODELS else drawn(MORE_FORCES, FEWER, SEED)
        )
        records = records_of((returns | NOT_ACCEPTED, [*incidents, *CANCELLED_BEFORE_AND_AFTER]))
        recorded = drawn_recorded_crime((*MORE_FORCES, "devon-and-cornwall"), tuple(RECORDED), SEED)
        table = pa.Table.from_pylist(recorded, schema=raw.police_recorded_crime_schema())
        raw.write(table, home.raw / "police_recorded_crime" / "made.parquet")
        self.warehouse.build(records)
        if models == MODELS:
            self.derived = Derivation(records, seeds_of(self.warehouse))
        else:
            seeds = (
                seed_of(self.warehouse, name)
                for name in ("known_breaks", "reconciliation_tolerance", "forces")
            )
            breaks, (tolerance,), forces = seeds
            self.derived = Reconciled(Derivation(records, Seeds(SEEDS)), recorded, breaks, tolerance, forces)

    def sql_of(self, model: str) -> str:
        return next(step.sql for step in self.warehouse.models if step.name == model)

    def differs(self, subject: Subject, sql: str, expected: list[tuple], column: str | None = None) -> bool:
        """Whether the rows are others, all of them or one column of them."""
        if column:
            at = (*range(len(subject.keys)), len(subject.keys) + subject.columns.index(column))
            expected = [tuple(row[place] for place in at) for row in expected]
        columns = ", ".join((*subject.keys, *([column] if column else subject.columns)))
        return Counter(self.warehouse.rows(f"select {columns} from ({sql})")) != Counter(expected)


def seeds_of(warehouse: Warehouse) -> Seeds:
    """The seeds as this warehouse holds them."""
    seeds = Seeds(SEEDS)
    seeds.recall_samples, seeds.cues = (seed_of(warehouse, name) for name in ("recall_samples", "text_cues"))
    return seeds


def seed_of(warehouse: Warehouse, name: str) -> list[dict]:
    return rows_of(warehouse.connection, f"select * from reference.{name}")


def try_model(model: str) -> tuple[list[str], list[str]]:
    """(changes that were noticed, changes that were not)"""
    killed, survived = [], []
    with TemporaryDirectory() as folder:
        subject = SUBJECTS[model]
        lot = Lot(Path(folder), subject.models)
        expected = list(subject.expected(lot.derived))
        query = Query(lot.sql_of(model), subject.keys)
        assert not lot.differs(subject, lot.sql_of(model), expected), f"{model} as it is"
        query.prepare(lot.warehouse.connection)
        for mutant in query.mutants():
            if mutant.column not in (None, *subject.columns):
                continue  # it decides nothing
            try:
                is_noticed = lot.differs(subject, mutant.sql, expected, mutant.column)
            except (duckdb.BinderException, duckdb.ParserException):
                continue  # no SQL, so no mutant
            except duckdb.Error:  # it stops the build
                is_noticed = True
            (killed if is_noticed else survived).append(mutant.change)
    return killed, survived


def reasons() -> dict[tuple[str, str], str]:
    """(model, change) -> why nothing can notice it, or nothing need."""
    with SURVIVING_MUTANTS.open(newline="", encoding="utf-8") as file:
        return {(row["model"], row["change"]): row["reason"] for row in csv.DictReader(file)}


def test_the_lot_has_something_of_everything(tmp_path):
    lot = Lot(tmp_path)
    for model, subject in SUBJECTS.items():
        if subject.models != MODELS:
            continue  # another compilation: 10 s
        assert not lot.differs(subject, lot.sql_of(model), list(subject.expected(lot.derived))), model
    assert len(set(lot.derived.exclusions.values())) == 8
    assert {inclusion_rule(crime) for crime in lot.derived.cpai.values()} == {
        *("cse_flag", "code_names_a_child", "csa_flag", "child_victim")
    }


def test_survivors_have_a_model_and_a_reason():
    assert {model for model, _ in reasons()} <= set(SUBJECTS)
    assert all(reason.strip() for reason in reasons().values())


@pytest.mark.proof
def test_at_least_95_of_100_faults_in_models_are_noticed_and_the_others_listed():
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        outcomes = dict(zip(SUBJECTS, processes.map(try_model, SUBJECTS), strict=True))
    survived = {(model, change) for model, (_, those) in outcomes.items() for change in those}
    killed = sum(len(those) for those, _ in outcomes.values())
    assert survived - set(reasons()) == set()
    assert set(reasons()) - survived == set(), "these are noticed now: take them off the list"
    assert killed / (killed + len(survived)) >= TARGET


if __name__ == "__main__":
    for name in SUBJECTS:
        noticed, unnoticed = try_model(name)
        print(f"{name}: {len(noticed)} of {len(noticed) + len(unnoticed)} noticed")
        for one in unnoticed:
            print(f"  {one}")
