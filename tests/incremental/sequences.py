"""Short sequences in which a change of one quarter alters another, one for each way in which it may."""

from world import FORCES, QUARTERS

FIRST, SECOND, LATER = QUARTERS
KENT, ESSEX, CLEVELAND = FORCES
BUILD = ("build",)
YES = {
    "group_based": "yes",
    "criterion": "cse",
    "committed_by_children": "no",
    "offenders_read": 2,
}


def crime(
    reference: str | None, recorded_on: str | None, victims: tuple = (0,), suspects: tuple = (1, 2), **columns
) -> dict:
    """A crime that is a candidate, but for these columns."""
    usual = {
        "offence_code": "19/16",
        "recorded_on": recorded_on,
        "committed_from": "2023-03-01",
        "status": "recorded",
        "csa_flag": "Y",
        "offenders_stated": "3",
        "incident_reference": None,
        "linked_crime_reference": None,
        "summary": "coded summary",
    }
    return {
        "crime_reference": reference,
        "columns": usual | columns,
        "victims": {*victims},
        "suspects": {*suspects},
    }


def sent(force: str, quarter: str, *crimes: dict) -> tuple:
    return ("receive", force, quarter, "accepted", list(crimes))


def cancelled(reference: str, recorded_on: str, code: str = "C1") -> dict:
    return crime(reference, recorded_on, status="cancelled", cancellation_code=code)


OLD = crime("CR/0", "2023-05-10")
# no candidate but by a link
ONE_OFFENDER = crime("CR/0", "2023-05-10", suspects=(1,), offenders_stated="1")
# of two such crimes the suspects share two victims
TWO_VICTIMS = {"victims": (0, 1), "offenders_stated": "1", "summary": None}
LINKED = crime("CR/1", "2024-02-10", suspects=(), linked_crime_reference="kent:CR/0")
# crimes of every status, with what the rules of a return ask about
EVERYTHING = [
    crime("CR/0", "2023-05-10"),
    crime("CR/0", "2023-05-10", summary="two or more offenders", suspects=(0, 1)),
    crime("CR/1", "2023-05-10", suspects=(1,), incident_reference="I1"),
    crime("CR/2", "2023-05-20", offence_code="19J", incident_reference="I1", csa_flag="perhaps"),
    crime("CR/3", "2023-05-20", status="cancelled", cancellation_code="C3", linked_crime_reference="CR/1"),
    crime("CR/4", "2023-05-20", victims=(0, 1, 2), committed_from=None, offenders_stated=None),
    crime("CR/5", "2023-05-20", offence_code="SX99", victims=(), layout="athena"),
    crime(None, "2023-05-20"),
]
# sent anew, two of them cannot be used, and the others are there no more
LEFT_OUT = [crime("CR/4", None), crime("CR/3", "no day", offence_code=None)]
LATER_IN_THE_YEAR = [crime(f"CR/{number}", "2023-08-10", incident_reference="I2") for number in (6, 7, 8)]
SEQUENCES = {
    "a later return cancels a crime": [
        sent(KENT, FIRST, OLD),
        BUILD,
        sent(KENT, LATER, cancelled("CR/0", "2023-05-10")),
    ],
    "a cancellation is taken back": [
        *(sent(KENT, FIRST, OLD), sent(KENT, LATER, cancelled("CR/0", "2023-05-10")), BUILD),
        sent(KENT, LATER, crime("CR/1", "2024-02-10")),
    ],
    "a crime is cancelled and another recorded": [
        *(sent(KENT, FIRST, OLD, crime("CR/1", "2023-05-20")), BUILD),
        sent(KENT, LATER, cancelled("CR/0", "2023-05-10", "C3"), cancelled("CR/1", "2023-05-20", "C2")),
    ],
    "a crime moves to another quarter": [
        *(sent(KENT, FIRST, OLD), BUILD, sent(KENT, SECOND, crime("CR/0", "2023-08-10", suspects=(0,)))),
        *(BUILD, sent(KENT, FIRST, crime("CR/1", "2023-05-10"))),
    ],
    "a link begins, and ends": [
        *(sent(KENT, FIRST, ONE_OFFENDER), BUILD, sent(ESSEX, LATER, LINKED), BUILD),
        sent(ESSEX, LATER, crime("CR/1", "2024-02-10", suspects=())),
    ],
    "persons are on crimes of two quarters": [
        *(
            sent(KENT, FIRST, ONE_OFFENDER),
            BUILD,
            sent(KENT, LATER, crime("CR/1", "2024-02-10", suspects=(1,), offenders_stated="1")),
        ),
        *(BUILD, sent(CLEVELAND, SECOND, crime("CR/2", "2023-08-10"))),
    ],
    "a crime is read, and a second reading is due": [
        *(sent(KENT, FIRST, OLD), BUILD, ("read", 0, YES), BUILD, ("ask_twice", 0), BUILD),
        ("read", 0, YES | {"criterion": "familial"}),
    ],
    "a reference that stands in two quarters is read": [
        *(
            sent(KENT, FIRST, OLD),
            sent(KENT, SECOND, crime("CR/0", "2023-08-10")),
            BUILD,
            ("read", 0, YES),
            ("read", 1, YES),
        ),
        *(BUILD, sent(KENT, SECOND, crime("CR/0", "2023-08-10", suspects=()))),
    ],
    "readings of a build that was killed": [
        *(
            sent(KENT, FIRST, OLD),
            BUILD,
            ("read", 0, YES),
            ("killed", 88),
            sent(ESSEX, SECOND, crime("CR/1", "2023-08-10")),
        ),
    ],
    "returns of a build that was killed": [
        *(sent(KENT, FIRST, OLD), ("killed", 40), sent(ESSEX, SECOND, crime("CR/1", "2023-08-10"))),
        *(("killed", 88), sent(CLEVELAND, LATER, crime("CR/2", "2024-02-10"))),
    ],
    "recorded crime is counted anew": [sent(KENT, FIRST, OLD), ("count_anew", 1), BUILD, ("count_anew", 5)],
    "of each kind of record something, and its references again": [
        *(sent(KENT, FIRST, *EVERYTHING), sent(KENT, FIRST, *EVERYTHING[1:]), BUILD),
        sent(KENT, LATER, *(crime(f"CR/{number}", "2024-02-10") for number in range(6))),
    ],
    "a return is sent anew without some, and one of its references again": [
        *(sent(KENT, FIRST, *EVERYTHING), BUILD, sent(KENT, FIRST, *EVERYTHING[:4], *LEFT_OUT), BUILD),
        sent(KENT, LATER, crime("CR/0", "2024-02-10"), crime("CR/4", "2024-02-10")),
    ],
    "of two quarters of a year one comes again": [
        *(sent(KENT, FIRST, *EVERYTHING), sent(KENT, SECOND, *LATER_IN_THE_YEAR), BUILD),
        *(("read", number, YES) for number in range(8)),
        *(BUILD, sent(KENT, SECOND, *LATER_IN_THE_YEAR[1:])),
    ],
    "suspects of two quarters share two victims": [
        *(sent(KENT, FIRST, crime("CR/0", "2023-05-10", suspects=(1,), **TWO_VICTIMS)), BUILD),
        sent(KENT, LATER, crime("CR/1", "2024-02-10", suspects=(2,), **TWO_VICTIMS)),
    ],
    # both are in the COCAD, with several criteria by CR50, until the link of one has ended
    "a link ends that reached one of two quarters in which a reference stands": [
        *(
            # CR/6 is the recall sample of the quarter, so that CR/0 is not
            sent(
                *(KENT, FIRST, crime("CR/0", "2023-05-10", suspects=(1,), **TWO_VICTIMS)),
                crime("CR/6", "2023-05-10", victims=(2,), suspects=(0,), offenders_stated="1", summary=None),
            ),
            sent(KENT, SECOND, crime("CR/0", "2023-08-10", victims=(2,), suspects=(0,))),
            sent(ESSEX, LATER, crime("CR/1", "2024-02-10", suspects=(2,), **TWO_VICTIMS)),
            BUILD,
        ),
        *(("read", number, YES) for number in range(4)),
        *(BUILD, sent(ESSEX, LATER, crime("CR/1", "2024-02-10", suspects=(), **TWO_VICTIMS))),
    ],
    # its first submission has records: that of FIRST is nil
    "of a return that was sent anew without a crime and a person one of its references comes again": [
        sent(KENT, SECOND, *(crime(f"CR/{number}", "2023-08-10") for number in range(3))),
        sent(
            *(KENT, SECOND, crime("CR/0", "2023-08-10"), crime("CR/1", "no day")),
            crime("CR/3", "2023-08-10", victims=(0, None)),
        ),
        *(BUILD, sent(KENT, LATER, crime("CR/0", "2024-02-10"))),
    ],
}
