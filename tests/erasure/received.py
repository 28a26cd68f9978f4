"""Returns with canaries: every text of the crime, of each person and of the file that is to go is found nowhere else."""

from written import crime, suspect, victim, write_return

from orchestration.erasure import erasing
from orchestration.erasure.target import Decision, Target
from orchestration.home import Home
from orchestration.ledger.erasures import Marks
from orchestration.returns.intake import receive
from orchestration.returns.layouts import layout_for

QUARTER = "2023-Q1"
GONE = "46/7777/23"
WRITTEN = {
    "kent": "46/{}/23",
    "lancashire": "04/{}/23",
    "surrey": "4523{}",
    "norfolk-and-suffolk": "36/{}/23",
}
DECIDED = Decision("Data protection officer, decision 12", "request_granted", "by letter")


def gone_of(force: str) -> str:
    return WRITTEN[force].format(7777)


def records(force: str = "kent") -> dict:
    """Three crimes; the second is the one to go, with two victims and two suspects."""
    written = WRITTEN[force]
    gone = crime(2, summary="CANARYSUMMARY was told", incident_reference="CANARYINC7")
    crimes = [
        crime(1, written, summary="Of the first crime"),
        {**gone, "crime_reference": gone_of(force)},
        crime(2, written, summary="Of the other crime"),
    ]
    one, gone, other = crimes
    return {
        "crimes": crimes,
        "victims": [
            victim(one),
            victim(gone, 71, victim_reference="CANARYV71", surname="Canaryvone", date_of_birth="2011-07-17"),
            victim(gone, 72, victim_reference="CANARYV72", surname="Canaryvtwo", date_of_birth="2012-08-18"),
            victim(other),
        ],
        "suspects": [
            suspect(one, 1),
            suspect(one, 2),
            suspect(
                gone, 71, suspect_reference="CANARYS71", surname="Canarysone", victim_reference="CANARYV71"
            ),
            suspect(
                gone, 72, suspect_reference="CANARYS72", surname="Canarystwo", victim_reference="CANARYV72"
            ),
            suspect(other, 3),
        ],
    }


def land(home: Home, force: str = "kent", delivery: str = "", of: dict | None = None, quarter: str = QUARTER):
    return write_return(
        home.landing / quarter / force / delivery, layout_for(force, quarter), of or records(force)
    )


def take_in(home: Home, quarter: str = QUARTER):
    return receive(home, quarter)


def erase(home: Home, target: Target, decision: Decision = DECIDED) -> dict[str, int]:
    """Dry run, then what it showed."""
    plan = erasing.plan(home, target)
    counts = erasing.erase(home, target, decision, plan.digest(Marks(home)))
    assert counts == plan.places
    return counts


CRIME = Target("crime", "kent", GONE)
VICTIM = Target("victim", "kent", GONE, "CANARYV71")
SUSPECT = Target("suspect", "kent", GONE, "CANARYS71")
OF_VICTIM = ("CANARYV71", "Canaryvone", "2011-07-17")
OF_SUSPECT = ("CANARYS71", "Canarysone")
OF_CRIME = (
    *OF_VICTIM,
    *OF_SUSPECT,
    "CANARYV72",
    "Canaryvtwo",
    "2012-08-18",
    "CANARYS72",
    "Canarystwo",
    GONE,
    "CANARYSUMMARY",
)
