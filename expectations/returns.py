"""Are the returns in, whole, and within each rule's tolerance? About what forces sent."""

# ruff: noqa: S608 -- SQL is put together from this package's own words, never from data

from expectations.expected import (
    RULE_RESULTS,
    Expected,
    Table,
    has_rows,
    in_set,
    not_null,
    rows,
    texts,
    unique,
    within_tolerance,
)

RULES = (  # checked on records as forces sent them
    *("CR10", "CR13", "CR22", "CR26", "CR27", "CR28", "CR30", "CR37", "CR42", "CR46", "CR48", "CR51", "CR52"),
    *("CR53", "CR54", "CR55", "CR56", "CR57", "CR58", "CR60", "EQ01", "MN01", "RC01"),
    *("HO01", "HO02", "HO03", "HO04", "ME01", "ME02", "ME03"),
    *("UM01", "UM02", "UM03", "UR01", "UR02", "UR03", "XL01"),
)

SUBMISSIONS = Table(
    "intermediate.int_submissions",
    ("force", "quarter", "submission", "status", "is_current"),
    ("force", "quarter", "submission"),
)
BALANCE = Table(
    "quality.balance",
    ("force", "quarter", "record_type", "received", "accepted", "rejected", "duplicate", "superseded"),
    ("force", "quarter", "record_type"),
)
FINDINGS = Table("quality.findings", ("rule", "severity", "force", "quarter", "crime_reference"))


def expected(period: str | None, quarters: list[str] | None) -> list[Expected]:
    """Coverage of the 44 forces from the seed, the balance of records, and the rules about forces' data."""
    asked = (
        f"(values {', '.join(f'({texts([quarter])})' for quarter in quarters)})"
        if quarters
        else "(select distinct quarter from {batch})"
    )
    due = f"""
        select forces.force, asked.quarter
        from reference.forces as forces
        inner join {asked} as asked (quarter)
            on asked.quarter >= forces.from_quarter
            and asked.quarter <= coalesce(forces.to_quarter, '9999-Q4')
    """
    return [
        has_rows(SUBMISSIONS),
        unique(SUBMISSIONS),
        in_set(SUBMISSIONS, "status", {"accepted", "nil", "refused", "missing"}),
        # a force whose absence was signed for (a waiver of CR55) is shown as not available
        rows(
            "RT01",
            SUBMISSIONS,
            f"""
            select due.force, due.quarter
            from ({due}) as due
            left join (select force, quarter from {{batch}} where is_current) as current_returns
                on due.force = current_returns.force
                and due.quarter = current_returns.quarter
            left join (
                select force, quarter from quality.rule_results where rule = 'CR55' and verdict = 'waived'
            ) as waived
                on due.force = waived.force
                and due.quarter = waived.quarter
            where current_returns.force is null and waived.force is null
            """,
            tested=f"select count(*) from ({due})",
            needs_rows=True,
        ),
        has_rows(BALANCE),
        unique(BALANCE),
        rows(
            "RT02",
            BALANCE,
            """
            select force, quarter, record_type
            from {batch}
            where received is distinct from accepted + rejected + duplicate + superseded
                or least(accepted, rejected, duplicate, superseded) < 0
            """,
            keys=BALANCE.key,
        ),
        has_rows(RULE_RESULTS),
        unique(RULE_RESULTS, ("rule", "force", "quarter")),
        not_null(RULE_RESULTS, "tested"),
        in_set(RULE_RESULTS, "verdict", {"pass", "within_tolerance", "waived", "fails", "not_applicable"}),
        # a rule of unknown severity would block nothing
        not_null(FINDINGS, "rule"),
        in_set(FINDINGS, "severity", {"blocks", "reported"}),
        *(within_tolerance(rule) for rule in RULES),
    ]
