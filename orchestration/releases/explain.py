"""Explain a published figure: what it counts, out of what, by which model, from which returns."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

from difflib import get_close_matches
from pathlib import Path

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.printing import counted
from orchestration.quarters import in_period, of_month
from orchestration.releases import figures, inputs
from orchestration.releases.figures import NATION, base, definition, label
from orchestration.releases.verify import as_published
from orchestration.statements import Connection, rows_of
from orchestration.stopping import NotThere, read_json


def explain(
    home: Home, figure_id: str, place: str = NATION, period: str = "2023", release: str | None = None
) -> dict:
    """Where a figure of `release` (else the live one) comes from; read from the release alone.

    `place` is the nation, a region or a force's slug; `period` a month (`2023-04`), quarter or year.
    Raises NotThere when there is no such figure there, naming near ones; NoRelease when there is no such release.
    """
    import duckdb

    head = as_published(home, release, "marts.duckdb", "lineage/dbt_manifest.json")
    release = head["release"]
    folder = home.releases / release
    connection = duckdb.connect(str(folder / "marts.duckdb"), read_only=True)
    try:
        place = figures.place(place, rows_of(connection, "select force, name, region from marts.dim_force"))
        figure = _figure(connection, figure_id, place, period)
        about = {"release": release, "figure": figure_id, "place": place, "period": period}
        log.note_in_a_home(home, "consultation", "figure explained", about)
        forces = _forces(connection, figure["place_type"], place)
        beside = _beside(connection, figure)
    finally:
        connection.close()
    quarters = _quarters(period)
    counted = [row for row in head["submissions"] if row["force"] in forces and row["quarter"] in quarters]
    model, upstream = _models(folder)
    return {
        "figure_id": figure_id,
        "place": place,
        "period": period,
        "release": release,
        "scheme": figure["scheme"],
        "counts": label(figure),
        "numerator": figure["numerator"],
        "base": base(figure),
        "denominator": figure["denominator"],
        "percent": figure["percent"],
        "percent_rounding": figure["percent_rounding"],
        "status": figure.get("status", "published"),  # releases made before readers' agreement was measured
        **beside,
        "definition": definition(figure),
        "model": model,
        "built_from": upstream,
        "submissions": [f"{row['force']} {row['quarter']} submission {row['submission']}" for row in counted],
        # returns of later quarters, which are in the figure by what they take out of it
        "cancelled_by": [
            inputs.cancellation(row)
            for row in head.get("cancelled_by", [])
            if row["force"] in forces and row["quarter"] in quarters
        ],
        # CPAI and contact need no reading; readings are counted for the whole release, not for the place
        "readings_of_the_release": head["readings"]["count"] if figure["population"] == "cocad" else 0,
        "rules_sha256": head["rules_sha256"],
        "seeds_sha256": head["seeds_sha256"],
        "code": head["code_commit"] or head["code_sha256"],
    }


def _figure(connection: Connection, figure_id: str, place: str, period: str) -> dict:
    found = rows_of(
        connection,
        "select * from marts.figures where figure_id = ? and place = ? and period = ? order by scheme",
        [figure_id, place, period],
    )
    if found:
        return found[0]
    for column, value in (("figure_id", figure_id), ("period", period)):
        known = [
            row[0] for row in connection.execute(f"select distinct {column} from marts.figures").fetchall()
        ]
        if value not in known:
            near = get_close_matches(value, sorted(known), n=3, cutoff=0.4)
            what = "figure" if column == "figure_id" else column
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            raise NotThere(f"there is no {what} {value!r} in this release{meant}")
    raise NotThere(
        f"{figure_id} has no figure for {place} in {period}: it may exist for a year or quarter only"
    )


BESIDE = (
    "records",
    "not_known",
    "percent_low",
    "percent_high",
    "force_quarters_due",
    "force_quarters_returned",
)
BESIDE += ("is_comparable", "revision_status")


def _beside(connection: Connection, figure: dict) -> dict:
    """What has to stand beside the number, and how it was revised; nothing of a release made before it was kept."""
    if not connection.execute("select 1 from duckdb_views() where view_name = 'release_figures'").fetchone():
        return {}
    key = [figure[name] for name in ("figure_id", "scheme", "place", "period")]
    which = "where figure_id = ? and scheme = ? and place = ? and period = ?"
    row = connection.execute(f"select {', '.join(BESIDE)} from marts.release_figures {which}", key).fetchone()
    revised = rows_of(connection, f"select * from quality.figure_revisions {which} order by revision", key)
    return {
        **dict(zip(BESIDE, row, strict=True)),
        "revisions": [_revision(row) for row in revised],
    }


def _revision(row: dict) -> str:
    """`2023.r2: 1130 of 4228, 27.0% (reading)`: everything that was printed, and why it changed."""
    number = "no number" if row["numerator"] is None else str(row["numerator"])
    return (
        f"{row['release']}: {number}"
        + (f" of {row['denominator']}" if row["denominator"] else "")
        + (f", {row['percent']}%" if row["percent"] is not None else "")
        + (f", {row['status']}" if row.get("status", "published") != "published" else "")
        + (f" ({row['cause']})" if row["cause"] else "")
    )


def _forces(connection: Connection, place_type: str, place: str) -> set[str]:
    if place_type == "force":
        return {place}
    where, values = ("where region = ?", [place]) if place_type == "region" else ("", [])
    rows = connection.execute(f"select force from marts.dim_force {where}", values).fetchall()
    return {row[0] for row in rows}


def _quarters(period: str) -> set[str]:
    is_month = len(period) == len("2023-04") and "Q" not in period
    return {of_month(period)} if is_month else set(in_period(period))


def _models(folder: Path) -> tuple[str, list[str]]:
    """Path of the model behind `marts.figures` in the dbt project, and the names of every model above it."""
    nodes = read_json(folder / "lineage" / "dbt_manifest.json")["nodes"]
    (start,) = (
        key
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["name"] == "figures" and node["schema"] == "marts"
    )
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for parent in nodes[waiting.pop()].get("depends_on", {}).get("nodes", []):
            if parent in nodes and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return nodes[start]["original_file_path"], sorted(nodes[key]["name"] for key in seen)


NAMED = 8


def in_lines(answer: dict, in_full: bool = False) -> list[str]:
    """An answer of `explain` for people, a line each; lists of returns and models are folded, unless `in_full`."""
    return [f"{name.replace('_', ' ')}: {_line(name, value, in_full)}" for name, value in answer.items()]


def _line(name: str, value: object, in_full: bool) -> str:
    if not isinstance(value, list):
        return str(value)
    if in_full or len(value) <= NAMED:
        return ", ".join(value) or "none"
    if name == "submissions":
        return _folded(value)
    return f"{len(value):,}: {', '.join(value[:NAMED])}, ... (--all names each)"


def _folded(submissions: list[str]) -> str:
    """`176: 44 forces, 2023-Q1 to 2023-Q4; each force's first, but cleveland 2023-Q2 submission 2`."""
    rows = [one.split() for one in submissions]
    forces, quarters = {row[0] for row in rows}, sorted({row[1] for row in rows})
    later = [one for one, row in zip(submissions, rows, strict=True) if row[-1] != "1"]
    more = f" and {len(later) - NAMED:,} more" if len(later) > NAMED else ""
    between = f"{quarters[0]} to {quarters[-1]}" if len(quarters) > 1 else quarters[0]
    of = counted(len(forces), "force")
    but = f", but {', '.join(later[:NAMED])}{more}" if later else ""
    return f"{len(rows):,}: {of}, {between}; each the first submission{but} (--all names each)"
