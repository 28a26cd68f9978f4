"""A small release made by hand: figures of every breakdown, for four forces in two regions and one in none."""

import csv
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.ledger.opening import ledger_of, open_ledger
from orchestration.ledger.tables import releases
from orchestration.releases import package
from orchestration.releases.disclosure import cells

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
PERIODS = {"2023": 12, "2023-Q1": 3, "2023-Q2": 4, "2023-Q3": 2, "2023-Q4": 3}
MONTHS = {f"2023-{month:02}": 1 for month in range(1, 13)}
FORCES = {
    "kent": ("Kent Police", "South East"),
    "surrey": ("Surrey Police", "South East"),
    "gwent": ("Gwent Police", "Wales"),
    "dyfed-powys": ("Dyfed-Powys Police", "Wales"),
    "british-transport": ("British Transport Police", "National"),
}
PLACES = {
    "England and Wales": ("national", 40),
    "South East": ("region", 20),
    "Wales": ("region", 12),
    "kent": ("force", 12),
    "surrey": ("force", 8),
    # nothing received: no row
    "gwent": ("force", None),
    # returned, and no crime of it is group-based
    "dyfed-powys": ("force", 0),
    "british-transport": ("force", 3),
}
MANIFEST = {
    "release": "2023.r1",
    "period": "2023",
    "created_at": "2024-03-01T09:00:00+00:00",
    "status": "final",
    "fingerprint": "of what it was made from",
}
TABLES = """
create table figures (figure_id varchar, unit varchar, population varchar, criterion varchar, breakdown varchar,
    category varchar, place_type varchar, place varchar, period_type varchar, period varchar, numerator bigint,
    denominator bigint, percent decimal(4, 1), percent_rounding varchar, scheme varchar, status varchar);
create table dim_force (force varchar, name varchar, region varchar, crime_system varchar, from_quarter varchar,
    to_quarter varchar);
create table dim_quarter as select unnest(['2023-Q1', '2023-Q2', '2023-Q3', '2023-Q4']) as quarter, '2023' as scheme;
create table dim_criterion as select '2023-Q2' as children_collected_from;
create table reading_agreement as select 'readers' as pairing, 'all' as slice_type, 'all' as category,
    'criterion' as question, unnest(['2023', '2023-Q1']) as period, 0.7 as alpha, 'caveat' as verdict;
create schema quality;
create table quality.returns as
select force, quarter, case force when 'gwent' then 'missing' else 'accepted' end as status,
    '2024-02-01T09:00:00+00:00' as received_at
from dim_quarter, (select unnest(?) as force);
create table replication_2023 as
select page::integer as page, figure_id, numerator::bigint as published_numerator,
    denominator::bigint as published_denominator, printed_percent::decimal(4, 1) as printed_percent,
    if(printed_agrees = 'no', 'agrees, publication erratum', 'agrees') as status, 'a slip' as explanation
from read_csv('{seeds}/published_2023.csv', all_varchar = true);
create table quality.rule_results as select 'CR15' as rule, 'kent' as force, '2023-Q1' as quarter, 'fails' as verdict;
create table quality.reconciliation as select 'kent' as force, '2023-Q1' as quarter, 'a code closed' as known_breaks;
"""
# of the counts that readings make, in a release a view over them
INTERVALS = """
create table figure_intervals as
select unnest(if(unit || breakdown = 'crimetotal' and place_type = 'national', ['misread', 'not_read'], ['misread'])) as error,
    figure_id, scheme, place, period, numerator + 2.3 as estimate, greatest(numerator - 1, 0) as low,
    numerator + 7 as high,
    round(100.0 * low / denominator, 1) as percent_low, round(100.0 * high / denominator, 1) as percent_high
from figures
where population = 'cocad' and breakdown in ('total', 'criterion') and (unit <> 'crime' or criterion = 'all')
    and numerator is not null
"""


def seed(name: str) -> list[dict]:
    with (SEEDS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


NAMES = (
    "figure_id", "unit", "population", "criterion", "breakdown", "category", "place_type", "place", "period_type",
    "period", "numerator", "denominator", "percent", "percent_rounding", "scheme", "status",
)  # fmt: skip
ANNUAL = {"place_type": "national", "place": "England and Wales", "period_type": "year", "period": "2023"}


def publication() -> dict:
    """What the publication of 2023 prints: a count by what is counted, a percentage by what is on what."""
    found, definitions = {}, {row["figure_id"]: row for row in seed("figure_definitions.csv")}
    for row in seed("published_2023.csv"):
        at = row | definitions[row["figure_id"]] | ANNUAL | {"scheme": "2023"}
        part, base = cells.numerator(at), cells.denominator(at)
        counts = {part: row["numerator"], base: row["denominator"]}
        found |= {cell: int(count) for cell, count in counts.items() if count}
        if row["printed_percent"]:
            found.setdefault((part, base), float(row["printed_percent"]))
    return found


def as_published(row: tuple, printed: dict) -> tuple:
    """A row of the nation with the counts and the percentage that the publication prints, where it does."""
    figure = dict(zip(NAMES, row, strict=True))
    period_type = "quarter" if "Q" in figure["period"] else "month" if "-" in figure["period"] else "year"
    at = figure | {"period_type": period_type}
    part, base = cells.numerator(at), cells.denominator(at)
    figure |= {
        "numerator": printed.get(part, figure["numerator"]),
        "denominator": printed.get(base, figure["denominator"]),
        "percent": printed.get((part, base), figure["percent"]),
    }
    return tuple(figure.values())


def figures() -> list[tuple]:
    """A row for every figure, place and period that has one; numbers of no meaning, each of a figure's own."""
    rows = []
    categories = [row for row in seed("breakdown_categories.csv") if row["scheme"] == "2023"]
    criteria = [row["criterion"] for row in seed("criteria.csv") if row["scheme"] == "2023"]
    slices = ["all", *criteria, "committed_by_children", "committed_by_children_any"]
    what = ("population", "criterion", "unit", "breakdown", "category")
    published = {
        tuple(row[name] for name in what): row["figure_id"]
        for row in seed("figure_definitions.csv")
        if not row["repeats"]
    }
    for breakdown in seed("breakdowns.csv"):
        unit, name, population = breakdown["unit"], breakdown["breakdown"], breakdown["population"]
        parts = [
            row["category"]
            for row in categories
            if (row["unit"], row["breakdown"]) == (unit, name) and row["only_population"] in ("", population)
        ]
        for criterion in slices if breakdown["criteria"] != "all" else ["all"]:
            for place, (place_type, size) in PLACES.items():
                # reports ask of months only how many crimes there are
                for period, share in (PERIODS | (MONTHS if name == "total" else {})).items():
                    base = breakdown["base"]
                    late = name == "committed_by_children" and period <= "2023-Q1" and period != "2023"
                    if size is None or late or (base and not size):
                        continue
                    for number, category in enumerate(parts, 1):
                        whole = 7 * size * share
                        count = size * share * number
                        percent = round(100 * count / whole, 1) if base else None
                        rounding = "half_up_one_decimal" if name == "group_based" else "half_up"
                        # what a withheld figure looks like
                        status = "withheld" if (name, place) == ("criterion", "surrey") else "published"
                        kept = (
                            (count, whole if base else None, percent)
                            if status == "published"
                            else (None,) * 3
                        )
                        asked = (population, criterion, unit, name, category)
                        rows.append(
                            (published.get(asked, ".".join(asked)), unit, population, criterion,
                             name, category, place_type, place, "", period, *kept, base and rounding, "2023", status)
                        )  # fmt: skip
    # bars that are printed twice stand in the release under both names
    there = {row[0] for row in rows if row[7] == "England and Wales" and row[9] == "2023"}
    rows += [
        (row["figure_id"], *(row[name] for name in ("unit", "population", "criterion", "breakdown", "category")),
         "national", "England and Wales", "", "2023", 0, None, None, row["percent_rounding"] or None, "2023", "published")
        for row in seed("figure_definitions.csv")
        if row["figure_id"] not in there
    ]  # fmt: skip
    printed = publication()
    return [as_published(row, printed) if row[6] == "national" else row for row in rows]


def put_into_the_ledger(home: Home, head: dict) -> None:
    """The release as one that was published: its manifest, and the ledger's row of it."""
    folder = home.releases / head["release"]
    sha256 = package.write_manifest(folder, head)
    row = {
        "release": head["release"],
        "period": head["period"],
        "created_at": head["created_at"],
        "fingerprint": head["fingerprint"],
    }
    with ledger_of(home) as engine, engine.begin() as ledger:
        ledger.execute(releases.delete().where(releases.c.release == head["release"]))
        ledger.execute(releases.insert().values(**row, manifest_sha256=sha256, live=True))


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Home:
    home = Home(tmp_path_factory.mktemp("reports"))
    open_ledger(home).dispose()
    folder = home.releases / "2023.r1"
    folder.mkdir(parents=True)
    (home.releases / "current").symlink_to("2023.r1")
    with duckdb.connect(str(folder / "marts.duckdb")) as marts:
        for statement in TABLES.format(seeds=SEEDS).split(";"):
            if statement.strip():
                marts.execute(statement, [list(FORCES)] if "?" in statement else [])
        forces = [
            (force, name, region, "Niche RMS", "2023-Q1", None) for force, (name, region) in FORCES.items()
        ]
        marts.executemany("insert into dim_force values (?, ?, ?, ?, ?, ?)", forces)
        made = figures()
        columns = list(zip(*made, strict=True))
        names = ", ".join(f"unnest(${number})" for number in range(1, len(columns) + 1))
        marts.execute(f"insert into figures select {names}", [list(column) for column in columns])
        marts.execute(INTERVALS)
    put_into_the_ledger(home, MANIFEST)
    return home
