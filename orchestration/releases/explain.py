"""Explain a published figure: what it counts, out of what, by which SQL, from which records of which returns."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.printing import counted
from orchestration.quarters import in_period, of_month
from orchestration.releases import figures, inputs, members, sent_records, verify
from orchestration.releases.figures import NATION, base, definition, label
from orchestration.spreadsheets import write_csv
from orchestration.statements import Connection, quoted, rows_of
from orchestration.stopping import NotThere, read_json
from orchestration.warehouse.attached import open_warehouse

NAMED = 8  # of a long list, where not each is asked for


def explain(
    home: Home,
    figure_id: str,
    place: str = NATION,
    period: str = "2023",
    release: str | None = None,
    *,
    scheme: str | None = None,
    in_full: bool = False,
    with_sql: bool = False,
    records: Path | None = None,
) -> dict:
    """Where a figure of `release` (else of the live one) comes from, to its records.

    `place` is the nation, a region or a force's slug; `period` a month (`2023-04`), quarter or year; `scheme` the first where
    none is named. `listed` has the first
    records, all of them `in_full`; the file `records` has all. In a home each is led to the line of the archived file and
    to its readings, and the log says who looked; of a release that is a copy, as far as that holds them.
    Raises NotThere when there is no such figure there, naming near ones; NoRelease when there is no such release.
    """
    head = released(home, release, "marts.duckdb", "lineage/dbt_manifest.json")
    folder = home.releases / head["release"]
    with opened(home, head["release"]) as (connection, without):
        place = figures.place(place, rows_of(connection, "select force, name, region from dim_force"))
        figure = _figure(connection, figure_id, place, period, scheme)
        forces = _forces(connection, figure["place_type"], place)
        beside = _beside(connection, figure)
        evidence = _evidence(home, connection, head, figure, without, in_full, records)
    return {
        **_of_figure(figure, head["release"]),
        **beside,
        "definition": definition(figure),
        **evidence,
        **_made_from(head, figure, forces),
        **_steps(home, folder, head, with_sql),
    }


def released(home: Home, release: str | None, *files: str) -> dict:
    """The manifest of a release whose `files` are as published: by the ledger, of a copy by its own manifest."""
    if log.is_home(home):
        return verify.as_published(home, release, *files)
    name = verify.named(home, release)
    if problems := verify.differing(home.releases / name, files, verify.erased_in(home.releases / name)):
        raise verify.NotAsPublished(*(f"{name}: {problem}" for problem in problems))
    return verify.manifest_of(home, name)


@contextmanager
def opened(home: Home, release: str) -> Iterator[tuple[Connection, str | None]]:
    """A connection that uses the release's marts.duckdb, with the warehouse beside it; or why that is not there."""
    import duckdb

    without = _without_warehouse(home)
    with duckdb.connect() if without else open_warehouse(home) as connection:
        connection.execute(
            f"attach {quoted(home.releases / release / 'marts.duckdb')} as release (read_only)"
        )
        connection.execute("use release")
        if (
            not without
            and not connection.execute(
                "select 1 from duckdb_views() where database_name = 'warehouse' and view_name = 'cpai_sent_records'"
            ).fetchone()
        ):
            without = "the warehouse was built by an earlier version: build it again (cpai run)"
        yield connection, without


def _without_warehouse(home: Home) -> str | None:
    if not log.is_home(home):
        return "this is a copy of a release: files and lines are in its home"
    return None if home.warehouse.exists() else "there is no warehouse: run `cpai run <quarter>`"


def _evidence(
    home: Home,
    connection: Connection,
    head: dict,
    figure: dict,
    without: str | None,
    in_full: bool,
    file: Path | None,
) -> dict:
    """The figure's records, counted again. Who is shown them is in the log first."""
    about = {name: figure[name] for name in ("figure_id", "place", "period")}
    about = {"release": head["release"], "figure": about.pop("figure_id"), **about}
    if not members.has_members(connection):
        log.note_in_a_home(home, "consultation", "figure explained", about)
        return {
            "recounted": None,
            "differs": None,
            "listed": [],
            "evidence_ends": f"{head['release']} was made before releases listed the records behind a figure: publish again",
        }
    members.find(connection, figure)
    recounted = members.recounted(connection)
    log.note_in_a_home(home, "consultation", "figure explained", about)
    limit = None if in_full or file else NAMED
    listed = (
        sent_records.of_release(connection, head, limit)
        if without
        else sent_records.in_home(home, connection, head, limit)
    )
    if file:
        write_rows(file, sent_records.COLUMNS, listed)
    return {
        "recounted": recounted,
        "differs": members.difference(
            figure, recounted, (home.releases / head["release"] / verify.ERASED).exists()
        ),
        "listed": listed if in_full else listed[:NAMED],
        "rules": _rules(connection),
        "evidence_ends": without,
    }


def write_rows(file: Path, columns: Sequence[str], rows: list[dict]) -> None:
    """Write a CSV file that was asked for. Raises NotThere where it cannot be written."""
    try:
        write_csv(file, columns, rows)
    except OSError as problem:
        raise NotThere(f"{file} cannot be written: {problem.strerror}") from None


def _rules(connection: Connection) -> list[str]:
    """Each rule that included a record of `behind`, with its meaning and how many it included."""
    rows = rows_of(
        connection,
        f"""
        select behind.inclusion_rule as rule, any_value(reasons.meaning) as meaning, count(*) as records
        from {members.BEHIND} as behind
        left join dim_cpai_reason as reasons on behind.inclusion_rule = reasons.reason
        where behind.inclusion_rule is not null
        group by all
        order by all
        """,
    )
    return [f"{row['rule']}: {counted(row['records'], 'record')}; {row['meaning']}" for row in rows]


def _of_figure(figure: dict, release: str) -> dict:
    return {
        "figure_id": figure["figure_id"],
        "place": figure["place"],
        "period": figure["period"],
        "release": release,
        "scheme": figure["scheme"],
        "counts": label(figure),
        "numerator": figure["numerator"],
        "base": base(figure),
        "denominator": figure["denominator"],
        "percent": figure["percent"],
        "percent_rounding": figure["percent_rounding"],
        "status": figure.get("status", "published"),  # releases made before readers' agreement was measured
    }


def _made_from(head: dict, figure: dict, forces: set[str]) -> dict:
    """The returns, readings, rules, seeds and code of the release that are behind the figure."""
    quarters = _quarters(figure["period"])

    def within(row: dict) -> bool:
        return row["force"] in forces and row["quarter"] in quarters

    return {
        "submissions": [
            f"{row['force']} {row['quarter']} submission {row['submission']}"
            for row in filter(within, head["submissions"])
        ],
        # returns of later quarters, which are in the figure by what they take out of it
        "cancelled_by": [inputs.cancellation(row) for row in filter(within, head.get("cancelled_by", []))],
        # CPAI and contact need no reading; readings are counted for the whole release, not for the place
        "readings_of_the_release": head["readings"]["count"] if figure["population"] == "cocad" else 0,
        "rules_sha256": head["rules_sha256"],
        "seeds_sha256": head["seeds_sha256"],
        "code": head["code_commit"] or head["code_sha256"],
    }


def _figure(connection: Connection, figure_id: str, place: str, period: str, scheme: str | None) -> dict:
    found = rows_of(
        connection,
        "select * from figures where figure_id = $1 and place = $2 and period = $3 and scheme = coalesce($4, scheme) "
        "order by scheme",
        [figure_id, place, period, scheme],
    )
    if found:
        return found[0]
    for column, value in (("figure_id", figure_id), ("period", period)):
        known = [row[0] for row in connection.execute(f"select distinct {column} from figures").fetchall()]
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
    row = connection.execute(f"select {', '.join(BESIDE)} from release_figures {which}", key).fetchone()
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
    rows = connection.execute(f"select force from dim_force {where}", values).fetchall()
    return {row[0] for row in rows}


def _quarters(period: str) -> set[str]:
    is_month = len(period) == len("2023-04") and "Q" not in period
    return {of_month(period)} if is_month else set(in_period(period))


def _steps(home: Home, folder: Path, head: dict, with_sql: bool) -> dict:
    """The model behind `marts.figures` by its path in the dbt project, the names of all above it; `with_sql`: of each its
    SQL, in the order in which they are made: as dbt compiled it where the home has that of the release's code, else as it
    is written."""
    nodes = read_json(folder / "lineage" / "dbt_manifest.json")["nodes"]
    (start,) = (
        key
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["name"] == "figures" and node["schema"] == "marts"
    )
    needs: dict[str, list[str]] = {}
    waiting = [start]
    while waiting:
        if (key := waiting.pop()) not in needs:
            above = nodes[key].get("depends_on", {}).get("nodes", [])
            needs[key] = [parent for parent in above if parent in nodes]
            waiting += needs[key]
    found: dict[str, Any] = {
        "model": nodes[start]["original_file_path"],
        "built_from": sorted(nodes[key]["name"] for key in needs if key != start),
    }
    if with_sql:
        compiled = (
            home.dbt / "target" / "compiled" / "cpai" if head["code_sha256"] == inputs.code_hash() else None
        )
        found["steps"] = [
            {"step": nodes[key]["name"], "file": nodes[key]["original_file_path"], "sql": sql}
            for key in TopologicalSorter(needs).static_order()
            if (sql := _sql(nodes[key], compiled))
        ]
    return found


def _sql(node: dict, compiled: Path | None) -> str:
    file = compiled / node["original_file_path"] if compiled else None
    return file.read_text(encoding="utf-8") if file and file.is_file() else node.get("raw_code", "")


def in_lines(answer: dict, in_full: bool = False) -> list[str]:
    """An answer of `explain` for people, a line each; lists of returns and models are folded, unless `in_full`."""
    lines = []
    for name, value in answer.items():
        if name == "listed":
            lines += _listed(answer, value)
        elif name == "steps":
            lines += [
                line
                for step in value
                for line in (f"-- {step['step']}: {step['file']}", step["sql"].strip(), "")
            ]
        elif name == "differs" and not value:
            lines += ["its records come to the number that is printed"] if answer.get("recounted") else []
        elif name == "evidence_ends" and not value:
            continue
        elif name == "recounted" and value:
            lines.append(
                f"counted again from its records: {value['numerator']:,} of {value['denominator']:,}"
            )
        else:
            lines.append(f"{name.replace('_', ' ')}: {_line(name, value, in_full)}")
    return lines


def _listed(answer: dict, rows: list[dict]) -> list[str]:
    """A line for each record that is shown, and how many more there are."""
    lines = [in_one_line(row) for row in rows]
    more = max((answer["recounted"] or {"none": 0}).values()) - len(rows)
    return lines + ([f"and {more:,} more: --records FILE writes each, --all shows each"] if more > 0 else [])


def in_one_line(row: dict) -> str:
    """`kent 2023-Q1 46/1/23 victim 1 (numerator and base): submission 1, kent.csv row 17 of 3fa9c1...; child_victim; ...`"""
    person = f" {row['unit']} {row['person_number']}" if row["person_number"] else ""
    at = [f"submission {row['submission']}", row["file"], row["sheet"] and f"sheet {row['sheet']}"]
    at += [row["row"] and f"row {row['row']}", f"SHA-256 {row['archived_sha256']}"]
    because = [row["rule"], row["candidate_reasons"], row["settled_by"] and f"settled by {row['settled_by']}"]
    because += [row["criterion"], row["readings"]]
    return (
        f"{row['force']} {row['quarter']} {row['crime_reference']}{person} ({row['part']}): "
        f"{', '.join(filter(None, at))}; {'; '.join(filter(None, because))}"
    )


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
