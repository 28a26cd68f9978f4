"""Is every candidate read, and does the COCAD have only group-based contact crimes?"""

# ruff: noqa: S608 -- SQL is put together from this package's own words, never from data

from expectations.expected import (
    CRIME,
    Expected,
    Table,
    between,
    in_set,
    not_null,
    rows,
    texts,
    unique,
    within_tolerance,
)
from orchestration import schemes

RULES = ("CR49", "CR50")

CRITERIA = set(schemes.ever_chosen())

REASONS = {
    "suspect_rows",
    "offenders_stated",
    "multiple_offender_class",
    "linked_crimes",
    "text_cue",
    "recall_sample",
}
CANDIDATES = Table("cocad.cocad_candidates", (*CRIME, "reason"))
UNREAD = Table("cocad.cocad_unread", (*CRIME, "waits_for"))
CRIMES = Table(
    "cocad.cocad_crimes",
    (*CRIME, "is_contact", "criterion", "criterion_2024", "committed_by_children", "offenders"),
)
VICTIMS = Table("cocad.cocad_victims", (*CRIME, "victim_reference"), (*CRIME, "victim_reference"))
AGREEMENT = Table(
    "marts.reading_agreement",
    ("pairing", "question", "category", "slice_type", "period", "verdict"),
    ("question", "period"),
    period="period",
)
# a reader drifts in the quarter of reading, whatever quarter the crimes are of
DRIFT = Table(
    "marts.reader_drift", ("reader", "read_quarter", "drifts"), ("reader", "read_quarter"), period=None
)
SUSPECTS = Table("cocad.cocad_suspects", (*CRIME, "suspect_reference"), (*CRIME, "suspect_reference"))

# the rows that decide on the split by criterion, of any scheme
BY_CRITERION = (
    f"pairing = 'readers' and question in ({texts(map(schemes.question, schemes.all_schemes()))}) "
    "and category = 'all' and slice_type = 'all'"
)


def expected(period: str | None, quarters: list[str] | None) -> list[Expected]:
    """No candidate waits for a reader; a COCAD crime is contact, of two or more offenders and one criterion."""
    asked = f"quarter in ({texts(quarters)})" if quarters else "true"
    return [
        unique(CANDIDATES),
        in_set(CANDIDATES, "reason", REASONS),
        # a sentence each at the gate: readers and adjudicators are different people
        *(
            rows(
                "RD01",
                UNREAD,
                f"select force, quarter, crime_reference, waits_for from {{batch}} where waits_for = '{whom}'",
                keys=(*CRIME, "waits_for"),
                tested=f"select count(*) from cocad.cocad_candidates where {asked}",
            )
            for whom in ("reader", "adjudicator")
        ),
        # the COCAD may only be empty when no reading confirmed a crime
        rows(
            "RD01",
            CANDIDATES,
            """
            select candidates.force, candidates.quarter, candidates.crime_reference
            from (select * from {batch}) as candidates
            inner join cocad.cocad_settled_readings as settled
                on candidates.force = settled.force
                and candidates.quarter = settled.quarter
                and candidates.crime_reference = settled.crime_reference
                and settled.group_based = 'yes'
            left join cocad.cocad_crimes as crimes
                on candidates.force = crimes.force
                and candidates.quarter = crimes.quarter
                and candidates.crime_reference = crimes.crime_reference
            where crimes.force is null
            """,
            keys=CRIME,
        ),
        unique(CRIMES, ("force", "crime_reference"), rule="CR50"),
        not_null(CRIMES, "criterion", rule="CR50"),
        in_set(CRIMES, "criterion", CRITERIA, rule="CR50"),
        in_set(CRIMES, "criterion_2024", {*CRITERIA, schemes.CHILDREN}, rule="CR50"),
        not_null(CRIMES, "committed_by_children"),
        in_set(CRIMES, "committed_by_children", {"yes", "no", "not_collected"}),
        in_set(CRIMES, "is_contact", {True}, rule="CR43"),
        between(CRIMES, "offenders", 2, None, rule="CR49"),
        unique(VICTIMS),
        unique(SUSPECTS),
        rows(
            "AG01",
            AGREEMENT,
            f"select question, period from {{batch}} where {BY_CRITERION} and verdict = 'unreliable'",
            AGREEMENT.key,
            tested=f"select count(*) from {{batch}} where {BY_CRITERION}",
        ),
        rows("AG02", DRIFT, "select reader, read_quarter from {batch} where drifts", DRIFT.key),
        *(within_tolerance(rule) for rule in RULES),
    ]
