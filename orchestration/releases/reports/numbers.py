"""The figures and the evidence of one release for one period, read once for all its reports."""

from calendar import month_name
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestration import schemes
from orchestration.quarters import first_day, in_period
from orchestration.statements import one_file, rows_of
from orchestration.stopping import NotThere

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Key(NamedTuple):
    """Which figure: its place, its period, and what it counts."""

    place: str
    period: str
    population: str
    criterion: str
    unit: str
    breakdown: str
    category: str
    scheme: str = schemes.first()


class Figure(NamedTuple):
    """A row of `figures`; a count or percentage is None where it is withheld or has no base, text where the public
    tier prints a sign in its place."""

    figure_id: str
    numerator: int | str | None
    denominator: int | str | None
    percent: Decimal | str | None
    percent_rounding: str | None
    status: str


@dataclass(frozen=True)
class Numbers:
    """`figures` by key for the period and its parts, and rows of the evidence tables by their name; `read_from`: the tables
    and files of the release that these are from."""

    period: str
    quarters: list[str]
    scheme: str
    children_from: str
    figures: dict[Key, Figure]
    forces: list[dict]
    evidence: dict[str, list[dict]]
    read_from: set[str]
    is_public: bool = False
    is_rounded: bool = False

    @classmethod
    def read(cls, release: Path, period: str, public: bool = False) -> "Numbers":
        """From the folder of a release; `public`: only the figures that its public tier shows, as it shows them.

        NotThere when it has no public tier or not every quarter of `period`, ValueError when that is no period.
        """
        import duckdb

        wanted = in_period(period)
        public_figures = release / "public" / "figures.csv"
        if public and not public_figures.exists():
            raise NotThere(f"{release.name} has no public tier: publish it with one, or leave --public out")
        read_from = {"public/figures.csv" if public else "marts.figures"}
        with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as connection:

            def rows(sql: str, *parameters: object) -> list[dict]:
                read_from.update(_tables(connection, sql))
                return rows_of(connection, sql, parameters)

            schemes_of = {
                row["quarter"]: row["scheme"] for row in rows("select quarter, scheme from dim_quarter")
            }
            if lacking := [quarter for quarter in wanted if quarter not in schemes_of]:
                raise NotThere(f"the release has no {', '.join(lacking)}: it has {', '.join(schemes_of)}")
            source = PUBLIC if public else "figures"
            figures = connection.execute(
                "select place, period, population, criterion, unit, breakdown, category, scheme, "  # noqa: S608
                f"figure_id, numerator, denominator, percent, percent_rounding, status from {source} "
                "where period in (select unnest(?))",
                [*([one_file(public_figures)] if public else []), [period, *wanted, *months_of(wanted)]],
            ).fetchall()
            made = as_printed if public else Figure._make
            evidence = {name: rows(sql, wanted) for name, sql in EVIDENCE.items()}
            name = f"replication_{period}"
            names = connection.execute("select table_name from information_schema.tables").fetchall()
            there = {table for (table,) in names}
            # verdicts, intervals and revisions would give away counts that the public tier hides
            exact = set() if public else there & {name, "figure_intervals", "figure_revisions"}
            replication = f'select * from "{name}" order by page, figure_id'  # noqa: S608
            (children,) = rows("select min(children_collected_from) as quarter from dim_criterion")
            return cls(
                period=period,
                quarters=wanted,
                scheme=schemes_of[wanted[-1]],
                children_from=children["quarter"],
                figures={Key(*row[:8]): made(row[8:]) for row in figures},
                forces=rows(FORCES, wanted[-1], wanted[0], wanted[0]),
                evidence=evidence
                | {
                    "agreement": rows(AGREEMENT, period),
                    "replication": rows(replication) if name in exact else [],
                    "revised": rows(REVISED, [period, *wanted]) if "figure_revisions" in exact else [],
                    # a release made before there were any has none
                    "intervals": rows(INTERVALS, [period, *wanted, *months_of(wanted)])
                    if "figure_intervals" in exact
                    else [],
                },
                read_from=read_from,
                is_public=public,
                is_rounded=public and "rounded_to" in public_figures.open(encoding="utf-8").readline(),
            )

    @property
    def parts(self) -> list[str]:
        """The quarters of a year, the months of a quarter."""
        return self.quarters if len(self.quarters) > 1 else months_of(self.quarters)

    @property
    def name(self) -> str:
        return period_name(self.period)


PUBLIC = "read_csv(?, header = true, all_varchar = true, hive_partitioning = false)"
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
FORCES = "select * from dim_force where from_quarter <= ? and coalesce(to_quarter, ?) >= ? order by name"
AGREEMENT = (
    "select question, alpha, verdict from reading_agreement "
    "where pairing = 'readers' and slice_type = 'all' and category = 'all' and period = ?"
)
INTERVALS = (
    "select error, figure_id, scheme, place, period, round(estimate)::bigint as estimate, low, high, percent_low, percent_high "
    "from figure_intervals where period in (select unnest(?))"
)
REVISED = (
    "select place, count(*) as figures from quality.figure_revisions where revision > 0 "
    "and period in (select unnest(?)) and release = (select any_value(release) from figures) group by place"
)


def _tables(connection: "DuckDBPyConnection", sql: str) -> set[str]:
    """The tables of a release that a statement reads: `marts.figures`, `quality.returns`."""
    # DuckDB does not look into a statement that waits for a value
    names = connection.get_table_names(sql.replace("?", "null"), qualified=True)
    plain = [name.replace('"', "") for name in names]
    return {name if "." in name else f"marts.{name}" for name in plain}


def as_printed(row: Sequence) -> Figure:
    """A row of the public tier's text, in the order of `Figure`: a sign stays text, nothing printed is None."""
    figure = Figure(*row)

    def read(text: Any, kind: Callable[[str], Any]) -> Any:
        return text if not text or text.startswith("[") else kind(text)

    return figure._replace(
        numerator=read(figure.numerator, int),
        denominator=read(figure.denominator, int),
        percent=read(figure.percent, Decimal),
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
