"""Is the CPAI dataset right? Rules about its crimes and persons, its keys and its codes."""

from expectations.expected import (
    CRIME,
    Expected,
    Table,
    between,
    has_rows,
    in_set,
    not_null,
    rows,
    unique,
    within_tolerance,
)

RULES = (
    *("CR01", "CR02", "CR03", "CR04", "CR05", "CR06", "CR07", "CR08", "CR09", "CR11", "CR12", "CR14", "CR15"),
    *("CR16", "CR17", "CR18", "CR19", "CR20", "CR21", "CR23", "CR25", "CR29", "CR33", "CR34", "CR35", "CR36"),
    *("CR38", "CR39", "CR40", "CR41", "CR43", "CR44", "CR45", "CR47", "LK01"),
)

GROUPS = {
    "rape_of_a_child",
    "sexual_assault_on_a_child",
    "sexual_activity_involving_a_child",
    "other",
    "image",
}
REASONS = {
    "not_a_crime",
    "cancelled",
    "wrong_quarter",
    "unknown_code",
    "not_in_scope",
    "image_without_subcode",
    "adult_victim",
    "child_not_shown",
}

CLASSIFIED = Table("cpai.cpai_classified_crimes", (*CRIME, "exclusion_reason", "inclusion_rule"))
CRIMES = Table(
    "cpai.cpai_crimes",
    (
        *CRIME,
        "offence_code",
        "offence_group",
        "is_contact",
        "recency",
        "suspect_rows",
    ),
)
EXCLUSIONS = Table("cpai.cpai_exclusions", (*CRIME, "reason"))
VICTIMS = Table(
    "cpai.cpai_victims", (*CRIME, "victim_reference", "age_at_offence"), (*CRIME, "victim_reference")
)
SUSPECTS = Table(
    "cpai.cpai_suspects", (*CRIME, "suspect_reference", "age_at_offence"), (*CRIME, "suspect_reference")
)


def expected(period: str | None, quarters: list[str] | None) -> list[Expected]:
    """Each staged crime once, in or out for one reason; codes of their lists; the rules' verdicts."""
    return [
        has_rows(CLASSIFIED),
        unique(CLASSIFIED, rule="CR01"),
        in_set(CLASSIFIED, "exclusion_reason", REASONS, rule="IN01"),
        rows(
            "IN01",
            CLASSIFIED,
            # in by a rule or out for a reason: never both, never neither
            """
            select force, quarter, crime_reference
            from {batch}
            where (exclusion_reason is null) = (inclusion_rule is null)
            """,
            keys=CRIME,
        ),
        rows(
            "IN01",
            CLASSIFIED,
            """
            select staged.force, staged.quarter
            from (select force, quarter, count(*) as crimes from {batch} group by force, quarter) as staged
            left join (
                select force, quarter, count(*) as crimes from cpai.cpai_crimes group by force, quarter
            ) as counted on staged.force = counted.force and staged.quarter = counted.quarter
            left join (
                select force, quarter, count(*) as crimes from cpai.cpai_exclusions group by force, quarter
            ) as excluded on staged.force = excluded.force and staged.quarter = excluded.quarter
            where staged.crimes <> coalesce(counted.crimes, 0) + coalesce(excluded.crimes, 0)
            """,
        ),
        has_rows(CRIMES),
        *(not_null(CRIMES, column) for column in ("offence_code", "is_contact", "recency")),
        in_set(CRIMES, "offence_group", GROUPS),
        in_set(CRIMES, "recency", {"recent", "non_recent", "unknown"}, rule="CR12"),
        between(CRIMES, "suspect_rows", 0, None),
        in_set(EXCLUSIONS, "reason", REASONS, rule="IN01"),
        unique(VICTIMS),
        between(VICTIMS, "age_at_offence", 0, 120),
        unique(SUSPECTS),
        between(SUSPECTS, "age_at_offence", 0, 120),
        *(within_tolerance(rule) for rule in RULES),
    ]
