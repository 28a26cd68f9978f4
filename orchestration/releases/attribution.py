"""Why figures differ between two releases: the records that came into them or left them, and what moved each of those.

Both releases list the records behind their figures (`figure_members`). What moved a record is found from the two manifests
(submissions, cancellations, erasures, seeds, code), and from the readings of its crime between the two.
"""

# ruff: noqa: S608 - names in the SQL are this module's own

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.printing import counted
from orchestration.releases import members, revisions
from orchestration.statements import Connection, one_file, rows_of
from orchestration.stopping import read_json

Row = dict[str, Any]
Crime = tuple[str, str, str]
CRIME = ("force", "quarter", "crime_reference")
COLUMNS = (*CRIME, "unit", "person_number", "came_or_left", "figures", "cause")
# nothing of a figure's own moved: it is printed otherwise because of what stands beside it
BESIDE = "no record of it moved: the shares of its split sum to 100, or readers agree otherwise than before"
NO_LIST = "a release was made before releases listed the records behind a figure: {} cannot be led to records"
NOT_KNOWN = "nothing that is recorded explains it"


def attribute(home: Home, connection: Connection, heads: list[Row], changed: list[Row]) -> list[Row]:
    """Give each of `changed` its `causes`, a sentence each, and `accounted`: whether its records make up the difference.

    `connection` has the marts.duckdb of the two as `older` and `newer`; `changed` are rows of `diff`. Returns the records
    that moved, by COLUMNS.
    """
    if not changed:
        return []
    lists = connection.execute(
        "select count(*) from duckdb_views() where view_name = 'figure_members' and database_name in ('older', 'newer')"
    ).fetchone()
    if lists != (2,):
        for row in changed:
            row |= {"causes": [NO_LIST.format("its change")], "accounted": None}
        return []
    _find_effects(connection, heads)
    causes = _causes(home, connection, heads)
    effects: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows_of(connection, "select * from effects order by all"):
        effects[tuple(row[name] for name in members.KEY)].append(row)
    for row in changed:
        _explain(row, effects.get(tuple(row[name] for name in members.KEY), []), causes)
    return _moved(connection, causes)


def _explain(row: Row, effects: list[Row], causes: dict[Crime, list[str]]) -> None:
    by_cause: dict[str, dict[str, int]] = defaultdict(lambda: {"in": 0, "out": 0})
    for one in effects:
        for cause in causes[tuple(one[name] for name in CRIME)]:
            by_cause[cause][one["came_or_left"]] += one["part"] == "numerator"
    row["causes"] = [
        f"{cause}: {counted(moved['in'], 'record')} came, {moved['out']:,} left"
        if any(moved.values())
        else cause
        for cause, moved in sorted(by_cause.items())
    ] or [BESIDE]
    row["accounted"] = all(
        _moves(effects, part) == row[f"{part}_after"] - row[f"{part}_before"]
        for part in ("numerator", "denominator")
        if row[f"{part}_after"] is not None and row[f"{part}_before"] is not None
    )


def _moves(effects: list[Row], part: str) -> int:
    return sum({"in": 1, "out": -1}[one["came_or_left"]] for one in effects if one["part"] == part)


def _find_effects(connection: Connection, heads: list[Row]) -> None:
    """Temporary tables `moved`, the crimes of which a record is counted otherwise, and `effects`: figure, part, record, and
    whether it came or left. Of periods that both releases have."""
    record = "unit, population, criterion, scheme, breakdown, category, force, quarter, month, crime_reference, person_number"
    records = {side: f"(select {record} from {side}.figure_records)" for side in ("older", "newer")}
    shared = (
        "quarter in (select quarter from older.dim_period intersect select quarter from newer.dim_period)"
    )
    connection.execute(
        f"""
        create or replace temp table moved as
        select distinct force, quarter, crime_reference
        from (
            ({records["older"]} except {records["newer"]}) union all ({records["newer"]} except {records["older"]})
        )
        where {shared}
        """
    )
    key = ", ".join((*members.KEY, "part", "unit", *CRIME, "person_number"))
    of = {
        side: f"(select {key} from {side}.figure_members semi join moved using ({', '.join(CRIME)}))"
        for side in ("older", "newer")
    }
    connection.execute(f"create or replace temp table before as {of['older']}")
    connection.execute(f"create or replace temp table since as {of['newer']}")
    periods = "period in (select period from older.dim_period intersect select period from newer.dim_period)"
    connection.execute(
        f"""
        create or replace temp table effects as
        select * from (
            select *, 'out' as came_or_left from (from before except from since)
            union all
            select *, 'in' as came_or_left from (from since except from before)
        )
        where {periods}
        """
    )


def _moved(connection: Connection, causes: dict[Crime, list[str]]) -> list[Row]:
    """Each record that moved, in how many figures, and why."""
    rows = rows_of(
        connection,
        f"""
        select {", ".join(CRIME)}, unit, person_number, came_or_left,
            count(distinct ({", ".join(members.KEY)})) as figures
        from effects group by all order by all
        """,
    )
    return [row | {"cause": "; ".join(causes[tuple(row[name] for name in CRIME)])} for row in rows]


def _causes(home: Home, connection: Connection, heads: list[Row]) -> dict[Crime, list[str]]:
    """What moved each crime of `moved`."""
    then, since = heads
    of_return = _of_returns(then, since)
    read = _readings(home, connection, then, since)
    made_by = _made_by(home, then, since)
    found: dict[Crime, list[str]] = {}
    for row in connection.execute(f"select {', '.join(CRIME)} from moved").fetchall():
        own = of_return.get(row[:2], []) + read.get((row[0], row[2]), [])
        found[row] = own or made_by or [NOT_KNOWN]
    return found


def _of_returns(then: Row, since: Row) -> dict[tuple[str, str], list[str]]:
    """By force and quarter: what was sent, cancelled or erased since."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    sent = [{(row["force"], row["quarter"]): row for row in head["submissions"]} for head in (then, since)]
    for key in sorted(sent[0].keys() | sent[1].keys()):
        before, now = (f"submission {one[key]['submission']}" if key in one else "no return" for one in sent)
        if before != now:
            found[key].append(f"{' '.join(key)}: {before}, now {now}")
    for name, words in (
        ("cancelled_by", "crimes cancelled by returns of later quarters"),
        ("erased", "erased by law"),
    ):
        rows = [{tuple(sorted(row.items())) for row in head.get(name, [])} for head in (then, since)]
        for one in sorted(rows[0] ^ rows[1]):
            row = dict(one)
            sentence = f"{row['force']} {row['quarter']}: {words}"
            if sentence not in found[row["force"], row["quarter"]]:
                found[row["force"], row["quarter"]].append(sentence)
    return found


def _readings(home: Home, connection: Connection, then: Row, since: Row) -> dict[tuple[str, str], list[str]]:
    """By force and reference: the readings between the two releases; the home has them, a copy of releases does not."""
    first, last = (head["last_of_reading_chain"]["reading_id"] for head in (then, since))
    file = home.raw / "readings.parquet"
    if not file.exists() or first == last:
        return {}
    rows = connection.execute(
        """
        select force, crime_reference, string_agg(role || ' ' || reading_id, ', ' order by reading_id)
        from read_parquet(?, hive_partitioning = false)
        where reading_id between ? and ?
        group by all
        """,
        [one_file(file), min(first, last) + 1, max(first, last)],
    ).fetchall()
    return {(force, reference): [f"readings ({which})"] for force, reference, which in rows}


def _made_by(home: Home, then: Row, since: Row) -> list[str]:
    """Rules, seeds and code that differ: what moved a record that neither a return nor a reading did."""
    seeds = [head.get("seeds", {}) for head in (then, since)]
    names = sorted(
        name
        for name in seeds[0].keys() | seeds[1].keys()
        if seeds[0].get(name) != seeds[1].get(name) and not name.startswith(revisions.OF_NO_FIGURE)
    )
    found = [f"seeds/{name}" for name in names]
    if then["code_sha256"] != since["code_sha256"]:
        found += _code(home.releases / then["release"], home.releases / since["release"])
        commits = [head["code_commit"] or head["code_sha256"][:12] for head in (then, since)]
        found.append(f"code {commits[0]}, now {commits[1]}")
    if not found and (then.get("beside") != since.get("beside")):
        return ["returns of other forces or quarters, by links or by the draw of the sample"]
    return ["; ".join(found)] if found else []


def _code(older: Path, newer: Path) -> list[str]:
    """`cpai_classified_crimes.sql`, `exclusion_reason.sql`: models and macros whose text differs, by dbt's manifests."""
    file = "lineage/dbt_manifest.json"
    if not ((older / file).is_file() and (newer / file).is_file()):
        return []
    texts = []
    for folder in (older, newer):
        dbt = read_json(folder / file)
        nodes: Iterable[Row] = (node for node in dbt["nodes"].values() if node["resource_type"] == "model")
        texts.append(
            {node["original_file_path"]: node.get("raw_code") for node in nodes}
            | {
                macro["original_file_path"] + " " + macro["name"]: macro["macro_sql"]
                for macro in dbt.get("macros", {}).values()
                if macro.get("package_name") == "cpai"
            }
        )
    return sorted(
        name for name in texts[0].keys() | texts[1].keys() if texts[0].get(name) != texts[1].get(name)
    )
