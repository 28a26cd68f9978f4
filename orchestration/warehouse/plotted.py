"""What Dagster plots of the warehouse, run by run."""

from typing import Any

from orchestration.returns import receipts
from orchestration.statements import Connection, rows_of


def numbers(connection: Connection, wanted: list[str]) -> dict[str, Any]:
    """What is plotted, run by run and period by period: how much there is of these quarters, and how sound it is."""
    due = sum(len(receipts.expected(quarter)) for quarter in wanted)
    (counts,) = rows_of(
        connection,
        """
        with counted as (
            select
                coalesce(sum(crimes_received), 0)::bigint as received,
                coalesce(sum(in_cpai), 0)::bigint as in_cpai,
                coalesce(sum(cocad), 0)::bigint as in_cocad,
            from warehouse.marts.quarter_summary
            where quarter in (select unnest($wanted))
        ),

        failing as (
            select count(distinct (results.force, results.quarter)) as failing
            from warehouse.quality.rule_results as results
            inner join warehouse.reference.rules as rules on results.rule = rules.rule
            where results.verdict = 'fails' and rules.severity = 'blocks' and results.quarter in (select unnest($wanted))
        ),

        standing as (
            select count(distinct (force, quarter)) as standing
            from warehouse.quality.returns
            where status in (select unnest($returned)) and quarter in (select unnest($wanted))
        )

        select * from counted, failing, standing
        """,
        {"wanted": wanted, "returned": receipts.RETURNED},
    )
    return {
        "crimes received": counts["received"],
        "crimes in CPAI": counts["in_cpai"],
        "crimes in COCAD": counts["in_cocad"],
        "failing force-quarters": counts["failing"],
        "returns that stand, %": round(100 * counts["standing"] / max(due, 1), 1),
    }
