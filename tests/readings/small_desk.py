"""A small home for the reading desk: a warehouse of a few candidates, built again as often as a test needs."""

from datetime import UTC, datetime, timedelta
from functools import cache

import duckdb
import jinja2

from orchestration.home import DBT_PROJECT, Home
from orchestration.readings.desk import Answer, Desk
from orchestration.readings.worklist import write_cases

Q = "2023-Q2"
YES = Answer("yes", "no", criterion="other", committed_by_children="no", offenders_read=2, reason="R1")
NO = Answer("no", "no", committed_by_children="no")
CSE = Answer("yes", "yes", criterion="cse", committed_by_children="no", offenders_read=3)
UNKNOWN = Answer("yes", "no", criterion="unknown", committed_by_children="no", confidence="low", reason="R2")

TABLES = """
create schema cocad; create schema cpai; create schema intermediate; create schema reference;
create table cocad.cocad_candidates (
    force varchar, quarter varchar, crime_reference varchar, version varchar, reasons varchar,
    suspect_rows integer, offenders_stated integer
);
create table cpai.cpai_crimes (
    force varchar, quarter varchar, crime_reference varchar, offence_code varchar, recorded_on date,
    reported_on date, committed_from date, committed_to date, location_type varchar, local_authority varchar,
    victim_rows integer, suspect_rows integer, offenders_stated integer
);
create table cocad.cocad_linked_crimes (
    force varchar, quarter varchar, crime_reference varchar, linked_force varchar, linked_quarter varchar,
    linked_crime_reference varchar
);
create table intermediate.int_crimes (force varchar, quarter varchar, crime_reference varchar, submission integer);
create table intermediate.int_summaries (force varchar, quarter varchar, crime_reference varchar, summary varchar);
create table cpai.cpai_victims (
    force varchar, quarter varchar, crime_reference varchar, victim_reference varchar, age_at_offence integer,
    gender varchar, self_defined_ethnicity varchar
);
create table cpai.cpai_suspects (
    force varchar, quarter varchar, crime_reference varchar, suspect_reference varchar, age_at_offence integer,
    gender varchar, relationship varchar, role varchar, identified varchar
);
create table reference.offences as select '19/16' as offence_code, 'An offence' as name;
"""


class Clock:
    """Noon of a day, until it is moved."""

    def __init__(self):
        self.at = datetime(2023, 7, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def on(self, **by: int) -> None:
        self.at += timedelta(**by)


def crime(version: str = "v1", submission: int = 1, **more: object) -> dict:
    """What of a candidate a test may set: version, submission, location_type, local_authority, summary, reasons, force,
    quarter, ethnicity (of its victim), links (references of crimes of the same force and quarter)."""
    return {"version": version, "submission": submission, **more}


def build(home: Home, crimes: dict[str, dict]) -> None:
    """The warehouse with these candidates, by crime reference, and the cases that the build hands to readers."""
    home.root.mkdir(parents=True, exist_ok=True)
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(TABLES)
        connection.execute(f"create view cocad.cocad_reading_cases as {_cases()}")
        for reference, of in crimes.items():
            key = [of.get("force", "kent"), of.get("quarter", Q), reference]
            for table, values in (
                ("cocad.cocad_candidates", [*key, of["version"], of.get("reasons", "suspect_rows"), 2, None]),
                (
                    "cpai.cpai_crimes",
                    [
                        *key,
                        "19/16",
                        "2023-04-02",
                        None,
                        None,
                        None,
                        of.get("location_type"),
                        of.get("local_authority"),
                        1,
                        2,
                        None,
                    ],
                ),
                ("intermediate.int_crimes", [*key, of["submission"]]),
                ("intermediate.int_summaries", [*key, of.get("summary", f"coded summary {of['version']}")]),
                ("cpai.cpai_victims", [*key, "V1", 14, "F", of.get("ethnicity")]),
            ):
                connection.execute(f"insert into {table} values ({', '.join('?' * len(values))})", values)
            for linked in of.get("links", ()):
                link = [*key, of.get("force", "kent"), of.get("quarter", Q), linked]
                connection.execute("insert into cocad.cocad_linked_crimes values (?, ?, ?, ?, ?, ?)", link)
    write_cases(home)


def model_of(name: str, **words: object) -> str:
    """The SQL of a model in `cocad`, with what stands for the words of dbt that it has."""
    macros = (DBT_PROJECT / "macros" / "records.sql").read_text(encoding="utf-8")
    same_key = macros[macros.index("{% macro same_key") :].partition("{%- endmacro %}")
    model = (DBT_PROJECT / "models" / "cocad" / f"{name}.sql").read_text(encoding="utf-8")
    return jinja2.Template("".join(same_key[:2]) + model).render(words)


@cache
def _cases() -> str:
    schemas = {"cpai": "cpai", "cocad": "cocad", "int": "intermediate", "offences": "reference"}
    return model_of(
        "cocad_reading_cases",
        config=lambda **_: "",
        ref=lambda name: f"warehouse.{schemas[name.partition('_')[0]]}.{name}",
        sha256_of=lambda text: f"sha256({text})",
    )


def desk_of(home: Home, crimes: dict[str, dict], clock: Clock | None = None, **policy: object) -> Desk:
    """A desk with these candidates on its worklist; `policy` replaces rows of the seed."""
    from dataclasses import replace

    build(home, crimes)
    desk = Desk(home, clock or Clock())
    desk.policy = replace(desk.policy, **{"new_reader_readings": 0, "second_share": 0.0, **policy})
    desk.sync()
    return desk


def read_all(desk: Desk, reader: str, answer: Answer, adjudicating: bool = False) -> int:
    """Answer everything that waits for a reader the same way; how many there were."""
    count = 0
    while slot := desk.claim(reader, adjudicating=adjudicating):
        desk.answer(reader, slot.slot, answer)
        count += 1
    return count


def states(desk: Desk) -> dict[str, int]:
    """Items by where they stand, over all quarters and forces."""
    total: dict[str, int] = {}
    for row in desk.progress():
        for name in ("items", "read", "to_adjudicate", "settled", "unread", "second_due", "retired"):
            total[name] = total.get(name, 0) + row[name]
    return total
