"""What the pages of Dagster show of a release: its headline figures, what changed since the last one, and what is plotted."""

# ruff: noqa: S608 - table names come from this project, never from a user

from typing import Any

from orchestration.home import Home
from orchestration.releases import verify
from orchestration.releases.diff import diff
from orchestration.showing import table
from orchestration.statements import from_parquet, rows_of

CHANGES_SHOWN = 50


def headlines(home: Home, release: str, period: str) -> dict[str, Any]:
    """The headline figures of a release."""
    import duckdb

    figures = home.releases / release / "marts" / "figures.parquet"
    with duckdb.connect() as connection:
        rows = rows_of(
            connection,
            f"""
            select
                case when denominator is null then population else 'cocad, of ' || population end as crimes,
                numerator as count,
                denominator as "out of",
                percent as "%",
            from {from_parquet(figures)}
            where place_type = 'national' and unit = 'crime' and criterion = 'all' and period = $period
                and breakdown in ('total', 'group_based')
            order by denominator is not null, numerator desc, denominator desc
            """,
            {"period": period},
        )
    return {"figures": table(rows, ["crimes", "count", "out of", "%"])}


def difference(home: Home, release: str) -> dict[str, Any]:
    """The figures that differ from those of the release that it was made beside, of the nation first."""
    before = (verify.manifest_of(home, release)["differs_from"] or {}).get("release")
    if not before:
        return {"differs from": "nothing: it is the first of its period"}
    changed = [
        row for row in diff(home, before, release) if row["numerator_before"] != row["numerator_after"]
    ]
    changed.sort(key=lambda row: row["place_type"] != "national")
    columns = ["figure_id", "place", "period", "numerator_before", "numerator_after"]
    return {
        "differs from": f"{before} in {len(changed):,} counts",
        "changed counts": table(changed[:CHANGES_SHOWN], columns),
    }
