"""What stands of each quarter after a run, and what holds a release, as lines of the terminal."""

from typing import Any

from orchestration.home import Home
from orchestration.printing import say


def failures_of(result: Any) -> list[str]:
    """Why a run failed: the failure's own words, or the kind of error when it is not ours."""
    from orchestration.runs import failed_because

    sentences = [failed_because(event) for event in result.all_events if event.is_step_failure]
    return list(dict.fromkeys(sentences)) or ["the run failed; see it in Dagster (make dev)"]


def summary_of(home: Home, wanted: list[str]) -> list[dict]:
    from orchestration import warehouse
    from orchestration.returns.receipts import standing

    summaries = {row["quarter"]: row for row in warehouse.query(home, "select * from marts.quarter_summary")}
    blocking = holding_of(home, wanted)
    rows = []
    for quarter in sorted(set(wanted)):
        received = standing(home, quarter)
        row = {"quarter": quarter, **{name: len(forces) for name, forces in received.items()}}
        rows.append(
            {
                **row,
                "missing_forces": received["missing"],
                "refused_forces": received["refused"],
                "refused_because": received["reasons"],
                **summaries.get(quarter, {}),
                "holds_the_release": blocking.get(quarter, []),
            }
        )
    return rows


def holding_of(home: Home, wanted: list[str]) -> dict[str, list[dict]]:
    """By quarter, what is beyond the tolerance of a rule that blocks."""
    from orchestration import holding

    blocking: dict[str, list[dict]] = {}
    for row in holding.holding(home, wanted):
        blocking.setdefault(row["quarter"], []).append(row)
    return blocking


HELD_SHOWN = 20  # lines a quarter; a rule of ours that fails would fill a screen with all forces


def show_holding(blocking: list[dict]) -> None:
    from orchestration.holding import holding_briefly

    sentences = holding_briefly(blocking)
    for sentence in sentences[:HELD_SHOWN]:
        say(f"         {sentence}")
    if len(sentences) > HELD_SHOWN:
        say(f"         and {len(sentences) - HELD_SHOWN} more like these")


def show_quarters(summary: list[dict]) -> None:
    for row in summary:
        say(
            f"{row['quarter']}: returns {row['received']} received, {row['refused']} refused, {row['missing']} missing; "
            f"{row['refused_deliveries']} of {row['deliveries']} deliveries refused"
        )
        if "crimes_received" in row:
            say(
                "         crimes {crimes_received:,} = {in_cpai:,} in CPAI + {excluded:,} excluded; contact {contact:,}, "
                "candidates {candidates:,}, read {read:,}, COCAD {cocad:,}".format(**row)
            )
        for name in ("refused", "missing"):
            if row[name]:
                shown = ", ".join(row[f"{name}_forces"][:8]) + (" ..." if row[name] > 8 else "")
                say(f"         {name}: {shown}")
        for sentence in row["refused_because"][:HELD_SHOWN]:
            say(f"         {sentence}")
        show_holding(row["holds_the_release"])
        if row.get("unread"):
            say(f"         {row['unread']:,} candidates unread: cpai read export {row['quarter']}")
