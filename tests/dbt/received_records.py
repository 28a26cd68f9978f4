"""Records as three forces might have sent them, and one return that was refused."""

KENT = {"force": "kent", "quarter": "2023-Q2"}
# what each crime is about; its reference looks like one, and stands in the same order
NAMES = (
    "cancelled",
    "changed",
    "eaten",
    "grooming",
    "image",
    "late",
    "no_code",
    "no_such_day",
    "nowhere",
    "odd_spellings",
    "other_format",
    "plain",
    "stated",
    "two_sheets",
    "unchanged",
    "unlisted",
    "urn",
)
SURNAME = "Qwertysurname"  # looked for in everything dbt leaves behind


def named(name: str | None) -> str | None:
    return name and f"46/{NAMES.index(name):03}/23"


def crime(crime_reference: str | None, **columns) -> dict:
    ready = {"offence_code": "19/16", "recorded_on": "2023-05-01", "status": "recorded"}
    return {**KENT, **ready, "crime_reference": named(crime_reference), **columns}


def victim(crime_reference: str, victim_reference: str = "1", **columns) -> dict:
    return {
        **KENT,
        "crime_reference": named(crime_reference),
        "victim_reference": victim_reference,
        **columns,
    }


def suspect(crime_reference: str, suspect_reference: str = "1", **columns) -> dict:
    return {
        **KENT,
        "crime_reference": named(crime_reference),
        "suspect_reference": suspect_reference,
        **columns,
    }


def sheet(name: str, number: int) -> dict:
    return {"layout": "red-sigma", "file": "return.xlsx", "sheet": name, "record_number": number}


CRIMES = [
    crime("plain", committed_to="2023-04-01", outcome_code="18", location_type="School/College"),
    crime("eaten", offence_code="44062"),
    crime("urn", offence_code="19J.19.8.0", csa_flag="yes", layout="athena"),
    crime("grooming", offence_code="71/17"),
    crime("image", offence_code="86/2"),
    crime("cancelled", status="No Crime", cancellation_code="c2"),
    crime("late", recorded_on="2023-07-01"),
    crime("unlisted", offence_code="SX03001"),
    crime(
        "odd_spellings",
        csa_flag="perhaps",
        status="Archived",
        outcome_on="31/05/2023",
        offenders_stated="few",
    ),
    # one crime on two sheets: neither is complete, and they disagree on one column
    crime("two_sheets", location_type=None, outcome_code="14", **sheet("Offences", 1)),
    crime("two_sheets", location_type="Vehicle", outcome_code="18", **sheet("Aggrieved", 2)),
    # records that cannot be used
    crime("no_code", offence_code=None),
    crime("no_such_day", recorded_on="2023-02-30"),
    crime("other_format", recorded_on="01/05/2023"),
    crime(None),
    # candidates
    crime("unchanged", summary="coded summary A"),
    crime("changed", summary="coded summary B"),
    crime("stated", offenders_stated="3"),
]
VICTIMS = [
    victim(
        "plain", gender="F", date_of_birth="2010-04-02", surname=SURNAME, self_defined_ethnicity="ESDD_W1"
    ),
    victim("image", "STATE"),
    victim(
        "grooming", gender="NULL", age_at_offence="13", self_defined_ethnicity="18", observed_ethnicity="1"
    ),
    victim("two_sheets", gender="Martian", self_defined_ethnicity="O1 - Chinese"),
    victim("no_code"),
    victim("nowhere"),
    victim("plain", None),
]
SUSPECTS = [
    # a flat file has the same suspect once for each victim
    suspect("plain", relationship="Relative &#8211; Other", victim_reference="1"),
    suspect("plain", relationship="Stranger", victim_reference="2", gender="M"),
    *[suspect(reference, number) for reference in ("unchanged", "changed") for number in ("1", "2")],
]
SUBMISSIONS = [
    {**KENT, "submission": 1, "status": "accepted"},
    {**KENT, "submission": 2, "status": "refused", "reasons": '["unreadable"]'},
    {"force": "essex", "quarter": "2023-Q2", "submission": 1, "status": "accepted"},
    {"force": "essex", "quarter": "2023-Q2", "submission": 2, "status": "nil"},
]
ESSEX = {**crime("plain"), "force": "essex"}


def reading(crime_reference: str, version: str, role: str = "first", **columns) -> dict:
    answer = {"group_based": "yes", "criterion": "cse", "committed_by_children": "no", "offenders_read": 2}
    return {
        "force": "kent",
        "crime_reference": named(crime_reference),
        "version": version,
        "role": role,
        **answer,
        **columns,
    }


FIRST = {"crimes": [*CRIMES, ESSEX], "victims": VICTIMS, "suspects": SUSPECTS}
