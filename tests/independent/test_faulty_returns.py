"""Faulty returns that Hypothesis makes up: every record received is in one place, and none is anywhere else.

A crime is counted, excluded with a reason, held out with a finding that blocks beyond its tolerance, or one with a
record with the same values; so is a person, with the crime or without it. Where each record belongs is told here from the
texts that were sent, one record at a time, and never from staging.
"""

import re
from collections import Counter, defaultdict

import pytest
from derivation import PERSON_REFERENCE, Records, Seeds, as_date, folded
from generated import NOW, Warehouse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.home import SEEDS, Home, seed_rows
from orchestration.returns import raw

MODELS = ("rule_checks_in_a_return", "cpai_exclusions", "cpai_victims", "cpai_suspects", "balance")
FIRST, LATER = "2023-Q1", "2023-Q2"
HELD_OUT = {"crimes": "HO01", "victims": "HO02", "suspects": "HO03"}
MERGED = {"crimes": "ME01", "victims": "ME02", "suspects": "ME03"}
PLACEHOLDERS = {row["spelling"] for row in seed_rows("placeholder_references.csv")}
SOUND = {"offence_code": "19E", "recorded_on": "2023-02-03", "status": "recorded", "csa_flag": "Y"}


def often(sound: tuple, *faulty: str | None) -> st.SearchStrategy:
    """One of the sound values, three times in four."""
    return st.sampled_from(sound) | st.sampled_from(sound) | st.sampled_from(sound) | st.sampled_from(faulty)


REFERENCES = tuple(f"CR{number}" for number in range(6))
CRIME = st.fixed_dictionaries(
    {
        "crime_reference": often(REFERENCES, None, "UNKNOWN", "n/a", "cr1"),
        "offence_code": often(
            ("19E", "19/16", "01916", "20/1", "86/2", "8/71"), None, "99/99", "N100/2", "19/8", "13"
        ),
        "recorded_on": often(
            ("2023-02-03", "2023-02-04"), None, "2022-11-10", "2023-05-10", "03/02/2023", "2023-02-30"
        ),
        "status": often(("recorded", "Recorded"), "cancelled", "cancelled", None, "gone"),
        "committed_to": often(("2023-01-20", None), "2032-01-20", "soon"),
        "csa_flag": often(("Y", "Yes"), None, "N", "perhaps"),
        "cancellation_code": often((None,), "C1", "C3", "C9"),
        "linked_crime_reference": often((None,), "essex:CR1", "CR1", "CR99"),
        "incident_reference": often((None, "I1"), "UNKNOWN", "0"),
        "offenders_stated": often((None, "2"), "2.5", "several"),
    }
)
PERSON = {
    "crime_reference": often(REFERENCES, None, "CR77", "UNKNOWN"),
    "gender": often(("F", "Female", "M"), None, "?!"),
    "age_at_offence": often(("9", "9", "30", None), "17 yrs", "10-14", "-1", "many", "999"),
    "date_of_birth": often((None,), "2011", "05/05/11", "2011-05-05", "2031-01-01", "1900-01-01"),
    "self_defined_ethnicity": often((None, "W1"), "A2", "Z7"),
    "observed_ethnicity": often((None, "IC1"), "4", "x?"),
}
NUMBERS = {"victims": ("1", "PV01", "PV02", "STATE"), "suspects": ("1", "PS01", "PS02", "PS03")}
PERSONS = {
    record_type: st.fixed_dictionaries(
        PERSON | {PERSON_REFERENCE[record_type]: often(numbers, None, "UNKNOWN", "nan", "#1", "1#1")}
    )
    for record_type, numbers in NUMBERS.items()
}
RETURN = st.fixed_dictionaries(
    {
        "crimes": st.lists(CRIME, min_size=1, max_size=8),
        "victims": st.lists(PERSONS["victims"], max_size=8),
        "suspects": st.lists(PERSONS["suspects"], max_size=8),
        # records sent once more, as they are
        "again": st.sampled_from(
            ((), ("crimes",), ("victims",), ("suspects",), ("crimes", "victims", "suspects"))
        ),
    }
)
# the first quarter once or twice, and perhaps the return of the next one, which cancels some of its crimes
FAULTY = st.tuples(st.lists(RETURN, min_size=1, max_size=2), st.none() | RETURN)


def records_of(example) -> Records:
    firsts, later = example
    records = Records([], [], [], [], [])
    sent = [(FIRST, number, one) for number, one in enumerate(firsts, start=1)] + (
        [(LATER, 1, later)] if later else []
    )
    for quarter, number, one in sent:
        place = {"force": "kent", "quarter": quarter, "submission": number, "layout": "national"}
        records.submissions.append(
            dict.fromkeys(raw.submissions_schema().names)
            | place
            | {"status": "accepted", "received_at": NOW, "reasons": "[]"}
        )
        for record_type in HELD_OUT:
            rows = one[record_type] * (2 if record_type in one["again"] else 1)
            for row in rows:
                into = getattr(records, record_type)
                known = dict.fromkeys(raw.records_schema(record_type).names)
                into.append(
                    known | place | {"file": f"{record_type}.csv", "record_number": len(into) + 2} | row
                )
    return records


class Sent:
    """What was sent of the submissions that stand, and what each text means."""

    def __init__(self, records: Records, seeds: Seeds):
        self.seeds = seeds
        latest = Counter()
        for row in records.submissions:
            latest[row["quarter"]] = max(latest[row["quarter"]], row["submission"])
        self.rows = {
            record_type: [r for r in getattr(records, record_type) if r["submission"] == latest[r["quarter"]]]
            for record_type in HELD_OUT
        }
        self.replaced = {
            record_type: sum(r["submission"] < latest[r["quarter"]] for r in getattr(records, record_type))
            for record_type in HELD_OUT
        }
        together = defaultdict(list)
        for row in self.rows["crimes"]:
            if self._is_usable(row):
                together[row["quarter"], row["crime_reference"]].append(row)
        self.crimes = {key: rows for key, rows in together.items() if self._is_one_crime(rows)}

    @staticmethod
    def names_nothing(reference: str | None) -> bool:
        return reference is None or reference.strip().lower() in PLACEHOLDERS

    def _is_usable(self, row: dict) -> bool:
        has_all = all(row[column] for column in ("offence_code", "recorded_on", "status"))
        return (
            has_all
            and as_date(row["recorded_on"]) is not None
            and not self.names_nothing(row["crime_reference"])
        )

    def offence(self, sent: str) -> str:
        meant = self.seeds.offence(sent)
        return meant["offence_code"] if meant else sent

    def _is_one_crime(self, rows: list[dict]) -> bool:
        said = {
            (self.offence(r["offence_code"]), r["recorded_on"], self.seeds.spelled("status", r["status"]))
            for r in rows
        }
        return len(said) == 1

    def person_says(self, row: dict) -> tuple:
        """What identifies a person, as it is meant; blank counts for nothing."""
        return (
            self.seeds.spelled("gender", row["gender"]),
            row["age_at_offence"] and row["age_at_offence"].removesuffix(" yrs"),
            row["date_of_birth"],
            *(
                row[column] and folded(row[column])
                for column in ("self_defined_ethnicity", "observed_ethnicity")
            ),
        )


def alike(rows: list[dict]) -> bool:
    """Whether the rows are copies, but for where they stand."""
    place = ("file", "sheet", "record_number")
    return all({k: v for k, v in row.items() if k not in place} == {k: v for k, v in rows[0].items() if k not in place}
               for row in rows)  # fmt: skip


def findings(warehouse: Warehouse) -> dict[tuple, list[tuple]]:
    """(rule, quarter) -> (crime reference, what was found, severity) of each finding."""
    told = defaultdict(list)
    for rule, quarter, *finding in warehouse.rows(
        "select rule, quarter, crime_reference, found, severity from rule_checks.rule_checks_in_a_return "
        "where found is not null"
    ):
        told[rule, quarter].append(tuple(finding))
    return told


def check(warehouse: Warehouse, seeds: Seeds, example) -> Counter:
    """Every record is where it belongs. Gives how many stand where."""
    records = records_of(example)
    warehouse.build(records)
    sent, found = Sent(records, seeds), findings(warehouse)
    counted = {key[1:] for key in warehouse.by_key("1", "cpai.cpai_crimes")}
    excluded = {
        key[1:]: reason for key, (reason,) in warehouse.by_key("reason", "cpai.cpai_exclusions").items()
    }
    assert counted | excluded.keys() == set(sent.crimes)
    assert not counted & excluded.keys()
    said = Counter()
    _crimes(sent, found, excluded, said)
    for record_type in PERSON_REFERENCE:
        _persons(warehouse, sent, found, counted, record_type, said)
    for record_type, received, accepted, rejected, duplicate, superseded in warehouse.rows(
        "select record_type, sum(received), sum(accepted), sum(rejected), sum(duplicate), sum(superseded) "
        "from quality.balance group by record_type"
    ):
        assert received == len(getattr(records, record_type)) == accepted + rejected + duplicate + superseded
        assert superseded == sent.replaced[record_type]
        said["superseded"] += int(superseded)
    said["counted"] += len(counted)
    return said


def held_out(found, record_type: str) -> Counter:
    """(quarter, crime reference) -> how many records are held out with a finding that blocks."""
    rule = HELD_OUT[record_type]
    told = [(quarter, one) for (name, quarter), those in found.items() if name == rule for one in those]
    assert all(severity == "blocks" for _, (_, _, severity) in told)
    return Counter((quarter, reference) for quarter, (reference, _, _) in told)


def _crimes(sent: Sent, found, excluded: dict, said: Counter) -> None:
    unused = Counter()
    for row in sent.rows["crimes"]:
        key = row["quarter"], row["crime_reference"]
        if key not in sent.crimes or not sent._is_usable(row):
            unused[key] += 1
    assert held_out(found, "crimes") == unused
    said["crimes held out"] += unused.total()
    said["contradicting"] += sum(word == "two_crimes_under_one_reference" for word in _words(found, "HO01"))
    merged = {(quarter, reference) for quarter, reference, _ in _findings_of(found, MERGED["crimes"])}
    for key, rows in sent.crimes.items():
        assert len(rows) == 1 or alike(rows) or _differs_in_blanks_alone(rows) or key in merged, key
        said["merged"] += len(rows) - 1
    for quarter, reason in ((FIRST, "wrong_quarter"), (LATER, "wrong_quarter")):
        outside = {key for key, why in excluded.items() if why == reason and key[0] == quarter}
        assert outside <= {(quarter, reference) for reference, _, _ in found["CR09", quarter]}
    unknown = {key for key, rows in sent.crimes.items() if seeds_unknown(sent, rows[0])}
    assert unknown <= {(quarter, reference) for quarter, reference, _ in _findings_of(found, "UM01")}
    said["unknown code"] += len(unknown)
    for key in [key for key, reason in excluded.items() if reason == "cancelled"]:
        said["cancelled"] += 1
        if (
            all(as_date(row["recorded_on"]).isoformat() < "2023-04-01" for row in sent.crimes[key])
            and key[0] == LATER
        ):
            said["cancelled later"] += 1
            assert key not in {(quarter, reference) for quarter, reference, _ in _findings_of(found, "CR09")}


def seeds_unknown(sent: Sent, row: dict) -> bool:
    return sent.seeds.offence(row["offence_code"]) is None and not row["offence_code"].startswith("N100")


def _findings_of(found, rule: str) -> list[tuple]:
    return [(quarter, reference, word) for (name, quarter), those in found.items() if name == rule
            for reference, word, _ in those]  # fmt: skip


def _words(found, rule: str) -> list[str]:
    return [word for _, _, word in _findings_of(found, rule)]


def _differs_in_blanks_alone(rows: list[dict]) -> bool:
    """Whether no rows contradict each other: each column has one value, or none."""
    place = ("file", "sheet", "record_number", "offence_code", "status")
    return all(len({row[column] for row in rows} - {None}) < 2 for column in rows[0] if column not in place)


def _persons(warehouse: Warehouse, sent: Sent, found, counted: set, record_type: str, said: Counter) -> None:
    reference = PERSON_REFERENCE[record_type]
    unused, groups = Counter(), defaultdict(list)
    for row in sent.rows[record_type]:
        crime = row["quarter"], row["crime_reference"]
        if row["crime_reference"] is None or row[reference] is None or crime not in sent.crimes:
            unused[crime] += 1
        elif crime in counted:
            groups[*crime, row[reference]].append(row)
        else:
            said["persons of excluded crimes"] += 1
    assert held_out(found, record_type) == unused
    said["persons held out"] += unused.total()
    persons = Counter()
    for quarter, crime_reference, number in warehouse.rows(
        f"select quarter, crime_reference, {reference} from cpai.cpai_{record_type}"
    ):
        # who is kept apart under one reference is numbered, and a reference sent in that form gets #0
        persons[quarter, crime_reference, re.sub(r"#\d+$", "", number)] += 1
    told = {(quarter, crime) for quarter, crime, _ in _findings_of(found, MERGED[record_type])}
    expected = Counter()
    apart = _tells_nobody_apart(sent, record_type)
    for (quarter, crime, number), rows in groups.items():
        if number.upper() == "STATE" and record_type == "victims":  # stands for the Crown, and is nobody
            continue
        kept = len(rows) if quarter in apart else _expected_persons(sent, number, rows)
        expected[quarter, crime, number] += kept
        said["persons apart"] += kept if len(rows) > 1 and kept > 1 else 0
        if len(rows) > 1 and not alike(rows) and not _differs_in_blanks_alone(rows):
            assert (quarter, crime) in told, "neither copies nor a finding"
    assert persons == expected, (persons - expected, expected - persons)


def _tells_nobody_apart(sent: Sent, record_type: str) -> set[str]:
    """The quarters whose persons all have one reference, under which somewhere two contradict each other."""
    reference, together = PERSON_REFERENCE[record_type], defaultdict(list)
    for row in sent.rows[record_type]:
        is_usable = row["crime_reference"] is not None and row[reference] is not None
        if is_usable and row[reference].upper() != "STATE":
            together[row["quarter"]].append(row)
    found = set()
    for quarter, rows in together.items():
        on_crimes = defaultdict(list)
        for row in rows:
            if (quarter, row["crime_reference"]) in sent.crimes:
                on_crimes[row["crime_reference"]].append(row)
        is_one = len({row[reference] for row in rows}) == 1
        if is_one and any(_contradict(sent, those) for those in on_crimes.values()):
            found.add(quarter)
    return found


def _contradict(sent: Sent, rows: list[dict]) -> bool:
    columns = zip(*(sent.person_says(row) for row in rows), strict=True)
    return any(len(set(values) - {None}) > 1 for values in columns)


def _expected_persons(sent: Sent, number: str, rows: list[dict]) -> int:
    """Copies are one person; who contradict each other, or are named by a placeholder, are as many as there are rows."""
    return len(rows) if _contradict(sent, rows) or sent.names_nothing(number) else 1


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return Warehouse(Home(tmp_path_factory.mktemp("faulty")), MODELS)


@pytest.fixture(scope="module")
def seeds():
    return Seeds(SEEDS)


# without shrinking, which takes minutes: what fails is small as it is
QUIET = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=8, derandomize=True, **QUIET)
@given(example=FAULTY)
def test_every_record_is_counted_excluded_or_in_a_finding(warehouse, seeds, example):
    check(warehouse, seeds, example)


@pytest.mark.proof
def test_every_record_of_many_faulty_returns_is_in_one_place(warehouse, seeds):
    total = Counter()

    @settings(max_examples=300, **QUIET)
    @given(example=FAULTY)
    def each(example):
        total.update(check(warehouse, seeds, example))

    each()
    # something of every kind, or nothing would have been asked
    assert {kind for kind, times in total.items() if times} == {
        *(
            "counted",
            "crimes held out",
            "contradicting",
            "merged",
            "unknown code",
            "cancelled",
            "cancelled later",
        ),
        *("superseded", "persons of excluded crimes", "persons held out", "persons apart"),
    }


def test_a_record_that_is_nowhere_would_be_noticed(warehouse, seeds):
    """The look itself can fail: a crime taken out of the exclusions, and a held-out one out of the findings."""
    sound = SOUND | {"crime_reference": "CR1"}
    gone = sound | {"crime_reference": None}
    one = {"crimes": [sound, gone], "victims": [], "suspects": [], "again": ()}
    assert check(warehouse, seeds, ([one], None))["crimes held out"] == 1
    build = warehouse.build
    for statement in (
        "delete from rule_checks.rule_checks_in_a_return where rule = 'HO01'",
        "update intermediate.int_crimes set status = 'x'; delete from cpai.cpai_classified_crimes",
    ):

        def broken(records, statement=statement):
            build(records)
            warehouse.connection.execute(statement)

        warehouse.build = broken
        try:
            with pytest.raises(AssertionError):
                check(warehouse, seeds, ([one], None))
        finally:
            warehouse.build = build
