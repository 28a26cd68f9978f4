"""The script that an analyst would write: pandas from the landing files to the published figures.

    python benchmarks/analyst.py HOME [--figures FILE]

No database and no SQL: read_csv and read_excel, maps, merges and groupby. Layouts and code lists are the project's, read
as `bare.py` reads them. All records of all forces are in memory at once: for scale 50 there is `bare.py`.
"""

import argparse
import json
import resource
import sys
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from bare import COLUMNS, PERSON_KEY, band_of, deliveries, joint_returns, parts_of_quarter, seed, text

PLACE = ["force", "quarter", "crime_reference"]
DATES = {row["column"] for row in seed("return_columns") if row["kind"] == "date"}


def table_of(file: Path, part: dict) -> pd.DataFrame:
    banner, examples = int(part["banner_rows"]), int(part["example_rows"])
    skipped = [*range(banner), *range(banner + 1, banner + 1 + examples)]
    if part["format"] == "csv":
        return pd.read_csv(
            file,
            sep=part["delimiter"],
            encoding=part["encoding"],
            skiprows=skipped,
            dtype=str,
            keep_default_na=False,
        )
    sheet = int(part["sheet"]) - 1 if part["sheet"].isdigit() else part["sheet"]
    cells = pd.read_excel(
        file, sheet_name=sheet, skiprows=skipped, dtype=object, keep_default_na=False, engine="calamine"
    )
    return cells.map(lambda cell: text(cell) or "")


def canonical(table: pd.DataFrame, part: dict, headings: list[dict], kind: str) -> pd.DataFrame:
    """The columns of one record type, blank as missing."""
    blanks = ["", *(b for b in part.get("blank_values", "").split("|") if b)]
    made = pd.DataFrame(index=table.index)
    for heading in headings:
        if (
            heading["record_type"] != kind
            or heading["heading"] not in table
            or heading["column"] not in COLUMNS[kind]
        ):
            continue
        cell = table[heading["heading"]].str.strip()
        if heading["separator"]:
            cell = (
                cell.where(~cell.isin(blanks), "")
                .str.split(heading["separator"])
                .str[int(heading["take"]) - 1]
            )
            cell = cell.fillna("").str.strip()
        cell = cell.where(~cell.isin(blanks))
        if heading["date_format"]:
            read = pd.to_datetime(cell, format=heading["date_format"], errors="coerce")
            cell = read.fillna(pd.to_datetime(cell, format="%Y-%m-%d", errors="coerce"))
        column = heading["column"]
        made[column] = made[column].fillna(cell) if column in made else cell
    return made


def load(home: Path) -> dict[str, pd.DataFrame]:
    """Each record type: the latest readable delivery of every force and quarter."""
    joint, found = joint_returns(), defaultdict(list)
    for quarter, layouts in parts_of_quarter(home):
        for names, parts in layouts:
            for force, read in deliveries(quarter, names, parts, table_of):
                for name, tables in read.items():
                    part, headings = parts[name]
                    for table in tables:
                        for kind in part["contains"].split("+"):
                            rows = canonical(table, part, headings, kind)
                            found[kind].append(of_force(rows, force, quarter.name, joint, kind))
    return {kind: pd.concat(tables, ignore_index=True) for kind, tables in found.items()}


def of_force(rows: pd.DataFrame, force: str, quarter: str, joint: dict, kind: str) -> pd.DataFrame:
    keys = ["crime_reference", *([PERSON_KEY[kind]] if kind in PERSON_KEY else [])]
    rows = rows.dropna(subset=keys)
    sent_as = pd.Series(force, index=rows.index)
    for one, prefix in joint.get(force, {}).items():
        sent_as[rows.crime_reference.str.startswith(prefix)] = one
    return rows.assign(force=sent_as, quarter=quarter)


def merged(records: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """One row per crime and per person: the first value of each column."""
    made = {}
    for kind, rows in records.items():
        keys = [*PLACE, *([PERSON_KEY[kind]] if kind in PERSON_KEY else [])]
        again = rows.duplicated(keys, keep=False)
        made[kind] = pd.concat(
            [rows[~again], rows[again].groupby(keys, as_index=False).first()], ignore_index=True
        )
    return made


def spelled(name: str) -> dict[str, str]:
    return {r["spelling"].lower(): r["code"] for r in seed("code_spellings") if r["field"] == name}


def spellings_of_codes() -> dict[str, str]:
    """Every way a known code is written -> the code."""
    found: dict[str, str] = {}
    codes = seed("offences")
    for row in codes:
        code, (major, _, minor) = row["offence_code"], row["offence_code"].partition("/")
        ways = [row["five_digit"], row["five_digit"].lstrip("0")] if row["five_digit"] else []
        if minor:
            ways += [f"{major.zfill(3)}/{minor}"]
            ways += [f"{row['offence_class']}.{major}.{minor}.0{end}" for end in ("", "A")]
            if major.isdigit() and minor.isdigit() and int(minor) <= 12 and int(major) <= 28:
                for year in range(2018, 2026):
                    day = date(year, int(minor), int(major))
                    ways += [day.isoformat(), str((day - date(1899, 12, 30)) // timedelta(days=1))]
            if major == "19":
                for several in ("19J", "19K"):
                    found |= {f"{several}.{major}.{minor}.0{end}": several for end in ("", "A")}
        for way in ways:
            found.setdefault(way, code)
    # a code as it is stays what it is
    return found | {row["offence_code"]: row["offence_code"] for row in codes}


def persons_of(records: dict[str, pd.DataFrame], crimes: pd.DataFrame) -> pd.DataFrame:
    people = pd.concat(
        [records[f"{unit}s"].assign(unit=unit) for unit in ("victim", "suspect")], ignore_index=True
    ).merge(crimes[[*PLACE, "committed_from", "committed_to"]], on=PLACE)
    last = people.committed_to.fillna(people.committed_from)
    born = people.date_of_birth
    before = (last.dt.month < born.dt.month) | (
        (last.dt.month == born.dt.month) & (last.dt.day < born.dt.day)
    )
    of_birth = (last.dt.year - born.dt.year - before).where(born <= last)
    sent = people.age_at_offence.where(people.age_at_offence.str.fullmatch(r"\d{1,3}", na=False))
    groups, ties = {}, {}
    for row in seed("self_defined_ethnicities"):
        for way in (row["code"], row["label"], row["pole_2023_number"]):
            groups.setdefault(way.lower(), row["ethnicity_group"] or None)
    for row in seed("relationships"):
        for way in (row["code"], row["label"]):
            ties.setdefault(way.lower(), row["relationship_group"] or None)
    return people.assign(
        gender=people.gender.str.lower().map(spelled("gender")),
        age=pd.to_numeric(sent).fillna(of_birth),
        ethnicity_group=people.self_defined_ethnicity.str.lower().map(groups),
        relationship_group=people.relationship.str.lower().map(ties),
    )[[*PLACE, "unit", "gender", "age", "ethnicity_group", "relationship_group"]]


def classified(crimes: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """Each crime with why it does not count, blank where it does."""
    suspects = persons[persons.unit == "suspect"].groupby(PLACE).size().rename("suspect_rows").reset_index()
    youngest = persons[persons.unit == "victim"].groupby(PLACE).age.min().rename("youngest").reset_index()
    offences = pd.DataFrame(seed("offences")).drop(columns=["name", "note", "source", "certainty"])
    flags, statuses = spelled("flag"), spelled("status")
    rows = crimes.rename(columns={"offence_code": "sent"})
    rows["offence_code"] = rows.sent.str.upper().map(spellings_of_codes())
    rows = rows.merge(offences, on="offence_code", how="left").merge(suspects, on=PLACE, how="left")
    rows = rows.merge(youngest, on=PLACE, how="left")
    rows["suspect_rows"] = rows.suspect_rows.fillna(0)
    csa, cse = (rows[f"{name}_flag"].str.lower().map(flags) == "Y" for name in ("csa", "cse"))
    month = rows.recorded_on.dt.to_period("M").astype(str)
    quarter = rows.recorded_on.dt.year.astype(str) + "-Q" + rows.recorded_on.dt.quarter.astype(str)
    reasons = {
        "not_a_crime": rows.sent.str.upper().str.startswith("N100", na=False),
        "cancelled": rows.status.str.lower().map(statuses) == "cancelled",
        "wrong_quarter": quarter != rows.quarter,
        "unknown_code": rows.offence_code.isna(),
        "not_in_scope": (rows.offence_group == "out_of_scope")
        | ((rows.counts_only_when_flagged == "Y") & ~cse),
        "image_without_subcode": (rows.image == "C") & ~csa,
        "adult_victim": (rows.names_a_child != "Y") & (rows.youngest >= 18),
        "child_not_shown": (rows.names_a_child != "Y") & rows.youngest.isna() & ~csa & ~cse,
    }
    last = rows.committed_to.fillna(rows.committed_from)
    year_on = last + pd.DateOffset(years=1)
    recent = rows.reported_on.fillna(rows.recorded_on) <= year_on
    return rows.assign(
        exclusion=np.select(list(reasons.values()), list(reasons), ""),
        recency=np.select([last.isna(), recent], ["unknown", "recent"], "non_recent"),
        month=month,
        is_contact=~rows.image.isin(["Y", "C"]) & rows.contact.isin(["Y", "E"]),
        stated=pd.to_numeric(rows.offenders_stated, errors="coerce").fillna(0),
    )


def settled(home: Path) -> pd.DataFrame:
    """The adjudicator's answer, else the agreed one, else the only one."""
    files = sorted((home / "readings").glob("*.csv"))
    rows = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
    answers = ["group_based", "criterion", "committed_by_children"]
    key = ["force", "crime_reference"]
    by_role = {
        role: rows[rows.role == role].set_index(key)[answers] for role in ("first", "second", "adjudicator")
    }
    first, second = by_role["first"], by_role["second"]
    both = first.index.intersection(second.index)
    differ = both[(first.loc[both].to_numpy() != second.loc[both].to_numpy()).any(axis=1)]
    plain = first.combine_first(second).drop(index=differ)
    judged = by_role["adjudicator"]
    return pd.concat([judged, plain[~plain.index.isin(judged.index)]]).reset_index()


def masks(rows: pd.DataFrame, figure: dict) -> tuple[pd.Series, pd.Series]:
    """The base of a published figure, and what it counts of it."""
    true = pd.Series(True, index=rows.index)
    crimes = {"cpai": true, "contact": rows.is_contact, "cocad": rows.in_cocad}[figure["population"]]
    if figure["criterion"] == "committed_by_children":
        crimes = crimes & (rows.criterion == "other") & (rows.by_children == "yes")
    elif figure["criterion"] != "all":
        crimes = crimes & (rows.criterion == figure["criterion"])
    breakdown, category = figure["breakdown"], figure["category"]
    if breakdown.startswith("age_band"):
        low, high = band_of(figure)
        base, counted = rows.age.notna(), rows.age.between(low, high)
    elif breakdown in ("total", "group_based", "age_recorded", "sde_recorded", "gender_recorded"):
        base = true
        column = {"age_recorded": "age", "sde_recorded": "ethnicity_group"}.get(breakdown)
        counted = rows[column].notna() if column else true
        counted = rows.in_cocad if breakdown == "group_based" else counted
        counted = rows.gender.isin(["male", "female"]) if breakdown == "gender_recorded" else counted
    else:
        column = {
            "committed_by_children": "by_children",
            "sde": "ethnicity_group",
            "relationship": "relationship_group",
        }.get(breakdown, breakdown)
        counted = rows[column] == category
        base = rows[column].notna() if breakdown in ("sde", "relationship") else true
        base = rows.gender.isin(["male", "female"]) if breakdown == "gender" else base
        base = rows.quarter >= "2023-Q2" if breakdown == "committed_by_children" else base
    return crimes & base, crimes & base & counted


def figures(units: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every published figure by nation, region and force, by year, quarter and month."""
    regions = {row["force"]: row["region"] for row in seed("forces")}
    found = []
    for unit, rows in units.items():
        wanted = [row for row in seed("published_2023") if row["unit"] == unit]
        counted = {}
        for figure in wanted:
            base, match = masks(rows, figure)
            counted[figure["figure_id"], "denominator"] = base.astype(int)
            counted[figure["figure_id"], "numerator"] = match.astype(int)
        by_month = pd.DataFrame(counted).groupby([rows.force, rows.month]).sum().stack(0, future_stack=True)
        found.append(by_month.rename_axis(["force", "month", "figure_id"]).reset_index())
    months = pd.concat(found)
    of_year = pd.PeriodIndex(months.month, freq="M")
    quarter = of_year.year.astype(str) + "-Q" + of_year.quarter.astype(str)
    periods = {"month": months.month, "quarter": quarter, "year": of_year.year.astype(str)}
    places = {"force": months.force, "region": months.force.map(regions), "nation": "England and Wales"}
    summed = [
        months.assign(place=place, period=period)
        .groupby(["figure_id", "place", "period"], as_index=False)[["numerator", "denominator"]]
        .sum()
        for place in places.values()
        for period in periods.values()
    ]
    return pd.concat(summed).sort_values(["figure_id", "place", "period", "numerator", "denominator"])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("home", type=Path)
    words.add_argument("--figures", type=Path, help="write the figures here as CSV")
    given = words.parse_args()
    started = time.perf_counter()
    records = merged(load(given.home))
    crimes = records["crimes"].dropna(subset=["recorded_on"])
    persons = persons_of(records, crimes)
    known = classified(crimes, persons)
    cpai = known[known.exclusion == ""].merge(
        settled(given.home), on=["force", "crime_reference"], how="left"
    )
    cpai["in_cocad"] = cpai.is_contact & (cpai.group_based == "yes")
    cpai["by_children"] = cpai.committed_by_children.where(cpai.quarter >= "2023-Q2", "not_collected")
    cocad = cpai[cpai.in_cocad]
    whose = cocad[[*PLACE, "month", "is_contact", "in_cocad", "criterion", "by_children"]]
    people = persons.merge(whose, on=PLACE)
    of_unit = {unit: people[people.unit == unit] for unit in ("victim", "suspect")}
    made = figures({"crime": cpai, **of_unit})
    if given.figures:
        made.to_csv(given.figures, index=False)
    national = made[(made.place == "England and Wales") & (made.period.str.len() == 4)]
    result = {
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "counts": {"crimes": len(known), "cpai": len(cpai), "cocad": len(cocad), "figures": len(made)},
        "national": {row.figure_id: (row.numerator, row.denominator) for row in national.itertuples()},
    }
    json.dump(result, sys.stdout, default=int)


if __name__ == "__main__":
    main()
