"""What staging cannot read is reported: a text that becomes another value, or none, breaks a rule that names the record.

Two ways to ask it. Every column of a return is sent with texts that are nothing of its kind, one crime for each: the
staged record holds the text, or a finding is about it. And every conversion in the SQL of staging that can lose a value
stands in `lossy_conversions.csv`, with the rule that finds it or why nothing is lost: one more fails until it is listed.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from derivation import Records
from generated import NOW, Warehouse
from some import some

from orchestration.home import DBT_PROJECT, Home, seed_rows
from orchestration.returns import raw

LISTED = Path(__file__).with_name("lossy_conversions.csv")
MODELS = DBT_PROJECT / "models"
# macros that staging reads records with; what they are made of stands in the list, too
MACROS = ("records", "text_to_value", "person_key", "references")
CONVERSIONS = (
    *("try_cast", "cast", "iso_date", "whole_number", "age_of_text", "birth_date", "born", "ages", "age_on", "offence_day"),
    *("nullif", "code_of", "code_join", "placeholder_join", "upper", "lower", "trim", "ltrim", "replace", "regexp_replace"),
    *("matched_group", "substr", "split_part", "floor", "person_token", "min_by", "max_by", "min", "max", "any_value"),
    *("date_trunc", "left", "right", "round", "strptime", "try_strptime", "regexp_extract", "age_sent"),
)  # fmt: skip
CALLED = re.compile(rf"(?<![\w.])({'|'.join(CONVERSIONS)})\s*\(")


def conversions(text: str) -> Counter[str]:
    """How often each conversion is called in SQL or Jinja, without its comments."""
    text = re.sub(r"\{#.*?#\}|--[^\n]*", "", text, flags=re.DOTALL)
    return Counter(CALLED.findall(text))


def listed() -> list[dict[str, str]]:
    with LISTED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def written() -> dict[tuple[str, str], int]:
    """(file, conversion) -> how often, in the models and macros that read a return."""
    files = [
        *sorted(MODELS.glob("staging/*.sql")),
        *sorted(MODELS.glob("intermediate/*.sql")),
        *(DBT_PROJECT / "macros" / f"{name}.sql" for name in MACROS),
    ]
    assert len(files) > 20
    return {
        (file.name, conversion): times
        for file in files
        for conversion, times in conversions(file.read_text(encoding="utf-8")).items()
    }


def test_every_conversion_that_can_lose_a_value_is_listed_with_who_says_so():
    of_list = {(row["file"], row["conversion"]): int(row["times"]) for row in listed()}
    now = written()
    assert now.keys() - of_list.keys() == set(), "new: list it with the rule that finds what it loses"
    assert of_list.keys() - now.keys() == set(), "gone: take it off the list"
    assert {key: times for key, times in now.items() if times != of_list[key]} == {}, "look at the new one"


def test_what_says_a_loss_is_a_rule_and_what_loses_nothing_says_why():
    rules = {row["rule"] for row in seed_rows("rules.csv") if row["home"] == "record_rule"}
    for row in some(listed()):
        said_by = set(row["said_by"].split())
        assert said_by <= rules, row
        assert bool(said_by) or row["why"], row


def test_a_new_conversion_would_be_noticed():
    assert conversions("select try_cast(x as date), {{ iso_date('y') }} -- nullif(z, '')") == {
        "try_cast": 1,
        "iso_date": 1,
    }
    assert conversions("{# cast(a) #} select my_cast(b), t.cast(c)") == {}


CRIME = {"offence_code": "19E", "recorded_on": "2023-02-03", "status": "recorded", "csa_flag": "Y"}
VICTIM = {"victim_reference": "PV", "gender": "F", "age_at_offence": "9"}
SUSPECT = {"suspect_reference": "PS", "gender": "M", "age_at_offence": "30"}
READY = {"crimes": CRIME, "victims": VICTIM, "suspects": SUSPECT}
# nothing that a code list, a calendar, a number or a person's reference has
NONSENSE = ("?!", "2023-13-45", "12.7.9", "-4", "99999999999", "seventeen or so")
OF_KIND = {"date": ("05/05/11", "31.12.2022", "2023-02-30", "45000"), "number": ("2.5", "-1", "1e3", "two")}
# staged nowhere: nothing is decided by it
NOT_STAGED = {("crimes", "offence_description"): "as on the crime system, beside the code that decides"}
# a digest of it is staged, and a reader sees it as it came
AS_IT_CAME = {("crimes", "summary"), ("victims", "surname"), ("victims", "forenames"), ("suspects", "surname"),
              ("suspects", "forenames")}  # fmt: skip
# another text for the same age
UNDERSTOOD = {(record_type, "age_at_offence", "2.5") for record_type in ("victims", "suspects")}


def columns_of(record_type: str) -> list[str]:
    place = set(raw.ORIGIN.names) | {"crime_reference"}
    return [name for name in raw.records_schema(record_type).names if name not in place]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return Warehouse(
        Home(tmp_path_factory.mktemp("lossy")),
        ("rule_checks_in_a_return", "cpai_exclusions", "int_summaries"),
    )


@pytest.fixture(scope="module")
def sent(warehouse) -> dict[str, tuple[str, str, str]]:
    """crime reference -> (record type, column, text), each built into the warehouse as a crime of its own."""
    records = Records([], [], [], [], [])
    records.submissions.append(
        dict.fromkeys(raw.submissions_schema().names)
        | {"force": "kent", "quarter": "2023-Q1", "submission": 1, "layout": "national", "status": "accepted"}
        | {"received_at": NOW, "reasons": "[]"}
    )
    told = {}

    def add(reference: str, changed_type: str | None = None, column: str = "", text: str = "") -> None:
        for record_type, ready in READY.items():
            rows = getattr(records, record_type)
            rows.append(
                dict.fromkeys(raw.records_schema(record_type).names)
                | {"force": "kent", "quarter": "2023-Q1", "submission": 1, "layout": "national"}
                | {"file": f"{record_type}.csv", "record_number": len(rows) + 2, "crime_reference": reference}
                # persons of its own: who stands on hundreds of crimes is a finding
                | {
                    name: text + reference if name.endswith("_reference") else text
                    for name, text in ready.items()
                }
                | ({column: text} if record_type == changed_type else {})
            )

    add("S0")
    for record_type in READY:
        for column in columns_of(record_type):
            kind = "date" if column.endswith("_on") or column.startswith(("committed", "date_")) else "number"
            for text in dict.fromkeys((*NONSENSE, *OF_KIND[kind])):
                reference = f"G{len(told) + 1000}"
                told[reference] = (record_type, column, text)
                add(reference, record_type, column, text)
    warehouse.build(records)
    return told


@pytest.fixture(scope="module")
def found(warehouse, sent) -> dict[str, set[str]]:
    """crime reference -> the columns that findings are about."""
    by_crime: dict[str, set[str]] = {}
    for reference, fields in warehouse.rows(
        "select crime_reference, fields from rule_checks.rule_checks_in_a_return where found is not null"
    ):
        by_crime.setdefault(reference, set()).update(fields.split(", "))
    return by_crime


def staged(warehouse: Warehouse, record_type: str) -> dict[str, set[str]]:
    """crime reference -> every value of its staged records, as text in lower case."""
    answer = warehouse.connection.execute(f"select * from intermediate.int_{record_type}")
    names = [column[0] for column in answer.description]
    at = names.index("crime_reference")
    values: dict[str, set[str]] = {}
    for row in answer.fetchall():
        values.setdefault(row[at], set()).update(str(value).lower() for value in row if value is not None)
    return values


def test_a_sound_crime_breaks_no_rule(found):
    assert "S0" not in found


def test_a_text_that_no_column_holds_any_more_is_a_finding(warehouse, sent, found):
    values = {record_type: staged(warehouse, record_type) for record_type in READY}
    lost = {
        (record_type, column, text)
        for reference, (record_type, column, text) in sent.items()
        if text.lower() not in values[record_type].get(reference, set())
        and column not in found.get(reference, set())
        and (record_type, column) not in NOT_STAGED
        and (record_type, column) not in AS_IT_CAME
    }
    assert lost == UNDERSTOOD


def test_each_column_is_asked(sent):
    asked = {(record_type, column) for record_type, column, _ in sent.values()}
    assert asked == {(record_type, column) for record_type in READY for column in columns_of(record_type)}
    assert len(sent) > 200


FLAG = re.compile(r"(is|has|names|differs)_\w+|\w+_(doubt|repaired|differs)|disagreement|rule")


def test_every_flag_of_staging_is_read_by_a_later_model(warehouse, sent):
    """A flag computed is a flag checked: by its name, outside of the model that makes it."""
    models = {file.stem: file.read_text(encoding="utf-8") for file in (DBT_PROJECT / "models").rglob("*.sql")}
    macros = {file.stem: file.read_text(encoding="utf-8") for file in (DBT_PROJECT / "macros").glob("*.sql")}
    flags = [
        (table, column)
        for table, column in warehouse.rows(
            "select table_name, column_name from information_schema.columns where table_schema in ('intermediate', 'cpai')"
        )
        if FLAG.fullmatch(column)
    ]
    assert len(flags) > 15
    unread = [
        (table, column)
        for table, column in flags
        if not any(
            re.search(rf"\b{column}\b", text)
            for name, text in (models | macros).items()
            if name != table and (name not in models or re.search(rf"ref\('{table}'\)|ref\('int_' ~", text))
        )
    ]
    assert unread == []
