"""The yardstick: the same landing files to the same CPAI, COCAD and published figures, by DuckDB alone.

    python benchmarks/bare.py HOME [--memory 4GB] [--figures FILE]

No orchestrator, no ledger, no dbt, no expectations, no release: pyarrow and calamine read, DuckDB's SQL does
the rest, in memory, on disk where it is more than the limit. Layouts and code lists come from `seeds/`. Reads HOME/landing and
HOME/readings, and prints its wall time, peak memory and the national counts as JSON.
"""

import argparse
import csv
import fnmatch
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv
from python_calamine import CalamineWorkbook

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
RECORD_TYPES = ("crimes", "victims", "suspects")
PERSON_KEY = {"victims": "victim_reference", "suspects": "suspect_reference"}
UNUSED = {"summary", "offence_description", "surname", "forenames"}


def seed(name: str) -> list[dict]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


COLUMNS = {
    kind: [
        r["column"] for r in seed("return_columns") if r["record_type"] == kind and r["column"] not in UNUSED
    ]
    for kind in RECORD_TYPES
}


def layout_parts(layout: str, rows=None, headings=None) -> dict[str, tuple[dict, list[dict]]]:
    """part -> (its row of layouts.csv, its rows of layout_columns.csv), what is inherited filled in."""
    rows = rows or seed("layouts/layouts")
    headings = headings or seed("layouts/layout_columns")
    own = {row["part"]: row for row in rows if row["layout"] == layout}
    based_on = next((row["based_on"] for row in own.values() if row["based_on"]), None)
    parts = layout_parts(based_on, rows, headings) if based_on else {}
    for name in {**parts, **own}:
        base, columns = parts.get(name, ({}, []))
        mine = [h for h in headings if h["layout"] == layout and h["part"] == name]
        replaced = {(h["record_type"], h["column"]) for h in mine}
        kept = [h for h in columns if (h["record_type"], h["column"]) not in replaced]
        parts[name] = ({**base, **{k: v for k, v in own.get(name, {}).items() if v}}, kept + mine)
    return parts


def texts(cells: tuple) -> pa.Array:
    """A column of a sheet as texts. Most are texts already, and of the others each value is written once."""
    try:
        return pa.array(cells, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        written = {cell: text(cell) for cell in set(cells)}
        return pa.array([written[cell] for cell in cells], pa.string())


def text(cell) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip() or None


def table_of(file: Path, part: dict) -> pa.Table:
    """One CSV file or sheet as a table of texts, banner and example rows left out."""
    banner, examples = int(part["banner_rows"]), int(part["example_rows"])
    if part["format"] == "csv":
        with file.open(encoding=part["encoding"], newline="") as handle:
            for _ in range(banner):
                handle.readline()
            names = next(csv.reader(handle, delimiter=part["delimiter"]))
        return pa.csv.read_csv(
            file,
            read_options=pa.csv.ReadOptions(
                encoding=part["encoding"].removesuffix("-sig"),
                skip_rows=banner + 1,
                skip_rows_after_names=examples,
                column_names=names,
            ),
            parse_options=pa.csv.ParseOptions(delimiter=part["delimiter"], newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    book = CalamineWorkbook.from_path(file)
    sheet = part["sheet"]
    name = book.sheet_names[int(sheet) - 1] if sheet.isdigit() else sheet
    rows = book.get_sheet_by_name(name).to_python()[banner:]
    columns = zip(*rows[1 + examples :], strict=True) if len(rows) > 1 + examples else [()] * len(rows[0])
    return pa.table([texts(c) for c in columns], names=[str(h) for h in rows[0]])


def value(heading: dict, blanks: list[str]) -> str:
    """SQL of one canonical column from one heading."""
    cell = f'trim("{heading["heading"]}")'
    for blank in ["", *blanks]:
        cell = f"nullif({cell}, '{blank}')"
    if heading["separator"]:
        cell = f"nullif(trim(split_part({cell}, '{heading['separator']}', {heading['take']})), '')"
    if heading["date_format"]:
        cell = f"coalesce(try_strptime({cell}, '{heading['date_format']}')::date, try_cast({cell} as date))"
    return cell


Read = Callable[[Path, dict], Any]


def read_delivery(files: list[Path], parts: dict, read_table: Read) -> dict[str, list]:
    """part -> its tables; ValueError when files or headings do not fit the layout."""
    read = {}
    for name, (part, headings) in parts.items():
        found = [f for f in files if fnmatch.fnmatch(f.name.lower(), part["file_pattern"].lower())]
        read[name] = [read_table(file, part) for file in sorted(found)]
        present = {heading for table in read[name] for heading in getattr(table, "column_names", table)}
        alien = present - {h["heading"] for h in headings}
        missing = {h["heading"] for h in headings if h["must"] == "Y"} - present
        if alien or missing or not found:
            raise ValueError(f"{name}: headings not known {sorted(alien)}, missing {sorted(missing)}")
    return read


def latest(folder: Path, parts: dict, read_table: Read) -> dict[str, list]:
    """The tables of the latest delivery that can be read; none when it is nil."""
    for delivery in [*sorted((d for d in folder.iterdir() if d.is_dir()), reverse=True), folder]:
        files = [f for f in delivery.iterdir() if f.is_file() and f.name != "manifest.csv"]
        if [f.name for f in files] == ["NIL"]:
            break
        try:
            return read_delivery(files, parts, read_table)
        except Exception as problem:  # a delivery that cannot be read leaves the one before it standing
            print(f"{folder.parent.name} {folder.name}: left out, {type(problem).__name__}", file=sys.stderr)
    return {}


def insert_part(db, table: pa.Table, part: dict, headings: list[dict], joint: dict) -> None:
    """Append records of one part, of all forces that send it so, to the raw tables."""
    db.register("part", table)
    blanks = [b for b in part.get("blank_values", "").split("|") if b]
    for kind in part["contains"].split("+"):
        sources = defaultdict(list)
        for heading in headings:
            if heading["record_type"] == kind and heading["heading"] in table.column_names:
                sources[heading["column"]].append(value(heading, blanks))
        columns = {name: f"coalesce({', '.join(found)})" for name, found in sources.items()}
        reference = columns["crime_reference"]
        force = " ".join(
            f"when delivered_as = '{name}' and starts_with({reference}, '{prefix}') then '{one}'"
            for name, forces in joint.items()
            for one, prefix in forces.items()
        )
        has_key = [
            f"{columns[name]} is not null" for name in ("crime_reference", PERSON_KEY.get(kind)) if name
        ]
        wanted = ", ".join(f"{sql} as {name}" for name, sql in columns.items() if name not in UNUSED)
        db.execute(
            f"insert into raw_{kind} by name select case {force} else delivered_as end as force, quarter,"
            f" record_number, {wanted} from part where {' and '.join(has_key)}"
        )
    db.unregister("part")


def joint_returns() -> dict[str, dict[str, str]]:
    """delivered_as -> force -> the prefix of its references."""
    joint = defaultdict(dict)
    for row in seed("joint_returns"):
        joint[row["delivered_as"]][row["force"]] = row["reference_prefix"]
    return joint


def parts_of_quarter(home: Path) -> Iterator[tuple[Path, list[tuple[list[str], dict]]]]:
    """Each quarter's folder, and for each layout of its time who sends it and its parts."""
    written = seed("layouts/layouts"), seed("layouts/layout_columns")
    for quarter in sorted((home / "landing").glob("*-Q?")):
        senders = defaultdict(list)
        for row in seed("layouts/force_layouts"):
            if row["from_quarter"] <= quarter.name <= (row["to_quarter"] or quarter.name):
                senders[row["layout"]].append(row["delivered_as"])
        yield quarter, [(names, layout_parts(layout, *written)) for layout, names in senders.items()]


def deliveries(quarter: Path, names: list[str], parts: dict, read_table: Read) -> Iterator[tuple[str, dict]]:
    """The force and the latest readable delivery of each that sent one."""
    for name in names:
        if (quarter / name).is_dir():
            yield name, latest(quarter / name, parts, read_table)


def load(db, home: Path) -> None:
    """The latest readable delivery of every force and quarter, a quarter and layout at a time."""
    dates = {r["column"] for r in seed("return_columns") if r["kind"] == "date"}
    for kind, columns in COLUMNS.items():
        typed = ", ".join(f"{c} {'date' if c in dates else 'varchar'}" for c in columns)
        db.execute(
            f"create table raw_{kind} (force varchar, quarter varchar, record_number integer, {typed})"
        )
    joint = joint_returns()
    for quarter, layouts in parts_of_quarter(home):
        for names, parts in layouts:
            tables = defaultdict(list)
            for force, read in deliveries(quarter, names, parts, table_of):
                for name, found in read.items():
                    for table in found:
                        for column, text_ in (("delivered_as", force), ("quarter", quarter.name)):
                            table = table.append_column(column, pa.repeat(text_, table.num_rows))
                        numbers = pa.array(np.arange(table.num_rows), pa.int32())
                        tables[name].append(table.append_column("record_number", numbers))
            for name, read in tables.items():
                insert_part(db, pa.concat_tables(read, promote_options="default"), *parts[name], joint)


def merge(db) -> None:
    """One row per crime and a person: the first value of each column, for the keys that came more than once."""
    for kind, columns in COLUMNS.items():
        key = ["force", "quarter", "crime_reference", *([PERSON_KEY[kind]] if kind in PERSON_KEY else [])]
        keys = ", ".join(key)
        rest = [c for c in columns if c not in key]
        firsts = ", ".join(f"arg_min({c}, record_number) as {c}" for c in rest)
        db.execute(
            f"create table {kind}_again as select {keys} from raw_{kind} group by all having count(*) > 1"
        )
        once = f"select {keys}, {', '.join(rest)} from raw_{kind} anti join {kind}_again using ({keys})"
        again = f"select {keys}, {firsts} from raw_{kind} semi join {kind}_again using ({keys}) group by all"
        db.execute(f"create table {kind} as {once} union all {again}")
        db.execute(f"drop table raw_{kind}")


def seeds_in(db) -> None:
    for name in ("offences", "code_spellings", "self_defined_ethnicities", "relationships", "forces"):
        file = SEEDS / f"{name}.csv"
        db.execute(
            f"create table {name} as from read_csv('{file}', header=true, all_varchar=true, nullstr='')"
        )
    for spelled in ("flag", "status", "gender"):
        db.execute(
            f"create table {spelled}_of as select lower(spelling) as spelling, code from code_spellings"
            f" where field = '{spelled}'"
        )
    db.execute(
        """
        create table ethnicity_of as
        select spelling, any_value(ethnicity_group) as ethnicity_group
        from (
            select lower(unnest([code, label, pole_2023_number])) as spelling, ethnicity_group
            from self_defined_ethnicities
        )
        group by all;

        create table relationship_of as
        select spelling, any_value(relationship_group) as relationship_group
        from (
            select lower(unnest([code, label])) as spelling, relationship_group
            from relationships
        )
        group by all;
        """
    )


def band_of(row: dict) -> tuple[int, int]:
    """The lowest and highest age of a figure's category."""
    category = "14_to_15" if row["figure_id"] == "suspect.age.bar_945" else row["category"]
    match category.split("_"):
        case ["under", top]:
            return 0, int(top) - 1
        case [bottom, "and", "over"]:
            return int(bottom), 999
        case [bottom, "to", top]:
            return int(bottom), int(top)
    raise ValueError(f"{category} is no band of ages")


def conditions(row: dict) -> tuple[str, str, str]:
    """SQL for a published figure: which crimes, which of them are the base, which are counted."""
    crimes = {"cpai": "true", "contact": "is_contact", "cocad": "in_cocad"}[row["population"]]
    if row["criterion"] == "committed_by_children":
        crimes += " and criterion = 'other' and by_children = 'yes'"
    elif row["criterion"] != "all":
        crimes += f" and criterion = '{row['criterion']}'"
    category = row["category"]
    if row["breakdown"].startswith("age_band"):
        low, high = band_of(row)
        return crimes, "age is not null", f"age between {low} and {high}"
    base, counted = {
        "total": ("true", "true"),
        "group_based": ("true", "in_cocad"),
        "quarter": ("true", f"quarter = '{category}'"),
        "criterion": ("true", f"criterion = '{category}'"),
        "committed_by_children": ("children_collected", f"by_children = '{category}'"),
        "recency": ("true", f"recency = '{category}'"),
        "offence_group": ("true", f"offence_group = '{category}'"),
        "gender_recorded": ("true", "gender in ('male', 'female')"),
        "gender": ("gender in ('male', 'female')", f"gender = '{category}'"),
        "age_recorded": ("true", "age is not null"),
        "sde_recorded": ("true", "ethnicity_group is not null"),
        "sde": ("ethnicity_group is not null", f"ethnicity_group = '{category}'"),
        "relationship": ("relationship_group is not null", f"relationship_group = '{category}'"),
    }[row["breakdown"]]
    return crimes, base, counted


def figures(db) -> None:
    """figures: every published id by nation, region and force, by year, quarter and month."""
    sources = {
        "crime": "cpai",
        "victim": "cpai_persons join cocad using (force, quarter, crime_reference) where unit = 'victim'",
        "suspect": "cpai_persons join cocad using (force, quarter, crime_reference) where unit = 'suspect'",
    }
    counts = []
    for unit, source in sources.items():
        rows = [row for row in seed("published_2023") if row["unit"] == unit]
        counted = []
        for n, row in enumerate(rows):
            crimes, base, match = conditions(row)
            counted.append(f"count(*) filter (where {crimes} and {base} and {match}) as n{n}")
            counted.append(f"count(*) filter (where {crimes} and {base}) as d{n}")
        db.execute(
            f"create table {unit}s_counted as select force, month, {', '.join(counted)} from {source} group by all"
        )
        counts += [
            f"select '{row['figure_id']}' as figure_id, force, month, n{n} as numerator, d{n} as denominator"
            f" from {unit}s_counted"
            for n, row in enumerate(rows)
        ]
    db.execute(f"create table counts as {' union all '.join(counts)}")
    db.execute(
        """
        create table figures as
        with placed as (
            select counts.*, region, left(month, 4) as year,
                left(month, 4) || '-Q' || quarter(strptime(month, '%Y-%m')) as quarter
            from counts join forces using (force)
        )
        select figure_id, coalesce(force, region, 'England and Wales') as place,
            coalesce(month, quarter, year) as period,
            sum(numerator)::bigint as numerator, sum(denominator)::bigint as denominator
        from placed
        group by grouping sets (
            (figure_id, year), (figure_id, quarter), (figure_id, month),
            (figure_id, region, year), (figure_id, region, quarter), (figure_id, region, month),
            (figure_id, force, year), (figure_id, force, quarter), (figure_id, force, month)
        )
        """
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("home", type=Path)
    words.add_argument("--memory", default="4GB", help="DuckDB's memory_limit")
    words.add_argument("--figures", type=Path, help="write the figures here as CSV")
    given = words.parse_args()
    seconds = {}
    started = last = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal last
        seconds[step], last = round(time.perf_counter() - last, 2), time.perf_counter()

    with tempfile.TemporaryDirectory(dir=given.home) as folder:
        db = duckdb.connect()
        db.execute(f"set temp_directory = '{folder}'; set memory_limit = '{given.memory}'")
        db.execute("set preserve_insertion_order = false")
        load(db, given.home)
        lap("read")
        merge(db)
        lap("merge")
        seeds_in(db)
        db.execute(
            "create table readings as from"
            f" read_csv('{given.home}/readings/*.csv', header=true, all_varchar=true)"
        )
        db.execute(Path(__file__).with_suffix(".sql").read_text())
        lap("cpai and cocad")
        figures(db)
        lap("figures")
        counts = dict(
            db.execute(
                """
                select 'crimes', count(*) from classified
                union all select 'cpai', count(*) from cpai
                union all select 'contact', count(*) filter (where is_contact) from cpai
                union all select 'candidates', count(*) filter (where is_candidate) from cpai
                union all select 'cocad', count(*) from cocad
                union all select 'figures', count(*) from figures
                """
            ).fetchall()
        )
        national = db.execute(
            "select figure_id, numerator, denominator from figures where place = 'England and Wales'"
            " and length(period) = 4 order by all"
        ).fetchall()
        if given.figures:
            db.execute(f"copy (from figures order by all) to '{given.figures}' (header)")
        db.close()
    result = {
        "seconds": round(time.perf_counter() - started, 2),
        "steps": seconds,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "counts": counts,
        "national": {row[0]: row[1:] for row in national},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
