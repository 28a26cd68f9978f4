"""The figures and the evidence of one release for one period, read once for all its reports."""

from calendar import month_name
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orchestration.quarters import first_day, in_period


class Key(NamedTuple):
    """Which figure: its place, its period, and what it counts."""

    place: str
    period: str
    population: str
    criterion: str
    unit: str
    breakdown: str
    category: str
    scheme: str = "2023"


class Figure(NamedTuple):
    """A row of `figures`; counts and percentage are None where it is withheld or has no base."""

    figure_id: str
    numerator: int | None
    denominator: int | None
    percent: float | None
    percent_rounding: str | None
    status: str


@dataclass(frozen=True)
class Numbers:
    """`figures` by key for the period and its parts, and rows of the evidence tables by their name."""

    period: str
    quarters: list[str]
    scheme: str
    children_from: str
    figures: dict[Key, Figure]
    forces: list[dict]
    evidence: dict[str, list[dict]]

    @classmethod
    def read(cls, marts: Path, period: str) -> "Numbers":
        """LookupError when the release has not every quarter of `period`, ValueError when that is no period."""
        import duckdb

        wanted = in_period(period)
        with duckdb.connect(str(marts), read_only=True) as connection:

            def rows(sql: str, *parameters) -> list[dict]:
                cursor = connection.execute(sql, list(parameters))
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

            held = {row["quarter"]: row["scheme"] for row in rows("select quarter, scheme from dim_quarter")}
            if lacking := [quarter for quarter in wanted if quarter not in held]:
                raise LookupError(f"the release has no {', '.join(lacking)}: it holds {', '.join(held)}")
            figures = connection.execute(
                "select place, period, population, criterion, unit, breakdown, category, scheme, "
                "figure_id, numerator, denominator, percent, percent_rounding, status "
                "from figures where period in (select unnest(?))",
                [[period, *wanted, *months_of(wanted)]],
            ).fetchall()
            evidence = {name: rows(sql, wanted) for name, sql in EVIDENCE.items()}
            (children,) = rows("select min(children_collected_from) as quarter from dim_criterion")
            return cls(
                period=period,
                quarters=wanted,
                scheme=held[wanted[-1]],
                children_from=children["quarter"],
                figures={Key(*row[:8]): Figure(*row[8:]) for row in figures},
                forces=rows(
                    "select * from dim_force where from_quarter <= ? and coalesce(to_quarter, ?) >= ? order by name",
                    wanted[-1],
                    wanted[0],
                    wanted[0],
                ),
                evidence=evidence | {"agreement": rows(AGREEMENT, period)},
            )

    @property
    def parts(self) -> list[str]:
        """The quarters of a year, the months of a quarter."""
        return self.quarters if len(self.quarters) > 1 else months_of(self.quarters)

    @property
    def name(self) -> str:
        return period_name(self.period)


EVIDENCE = {
    "returns": (
        "select force, quarter, status, received_at from quality.returns "
        "where status <> 'superseded' and quarter in (select unnest(?)) order by force, quarter"
    ),
    "rules": (
        "select force, quarter, rule, verdict from quality.rule_results "
        "where verdict in ('fails', 'waived') and quarter in (select unnest(?)) order by force, quarter, rule"
    ),
    "breaks": (
        "select force, known_breaks from quality.reconciliation "
        "where known_breaks is not null and quarter in (select unnest(?)) group by all order by all"
    ),
}
AGREEMENT = (
    "select question, alpha, verdict from reading_agreement "
    "where pairing = 'readers' and slice_type = 'all' and category = 'all' and period = ?"
)


def months_of(quarters: list[str]) -> list[str]:
    """`2023-01`, `2023-02`, ... of the quarters."""
    first = [first_day(quarter) for quarter in quarters]
    return [f"{day.year}-{day.month + later:02}" for day in first for later in range(3)]


def period_name(period: str) -> str:
    """`2023`, `January to March 2023`, `January 2023`."""
    if "Q" in period:
        first, *_, last = months_of([period])
        return f"{period_name(first).split()[0]} to {period_name(last)}"
    year, _, month = period.partition("-")
    return f"{month_name[int(month)]} {year}" if month else year


def day(moment: str) -> str:
    """`2023-05-01T...` as `1 May 2023`."""
    return f"{int(moment[8:10])} {period_name(moment[:7])}"
