"""The figures that changed between two releases, and what moved each: `attribution.py`."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

from pathlib import Path

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.releases import attribution, revisions
from orchestration.releases.explain import released, write_rows
from orchestration.statements import Connection, quoted, rows_of
from orchestration.stopping import NotThere

KEY = revisions.KEY
VALUES = tuple(revisions.PRINTED)


def diff(home: Home, a: str, b: str, records: Path | None = None) -> list[dict]:
    """Figures of release `a` that are changed, added or removed in `b`, over the periods that both hold.

    Each has `change`, the figure's key, everything that is printed of it (`revisions.PRINTED`) as `<value>_before` and
    `<value>_after`, its `causes` in sentences, and `accounted`: whether records that came and left make up the difference.
    The file `records` has each of those records.
    Raises FileNotFoundError when a release is not there, NotThere when the two have no period in common.
    """
    import duckdb

    heads = [released(home, release, "marts.duckdb", "lineage/dbt_manifest.json") for release in (a, b)]
    log.note_in_a_home(home, "consultation", "releases compared", {"older": a, "release": b})
    if heads[0]["release"] == heads[1]["release"]:  # DuckDB attaches a file once
        return []
    with duckdb.connect() as connection:
        for side, head in zip(("older", "newer"), heads, strict=True):
            file = home.releases / head["release"] / "marts.duckdb"
            connection.execute(f"attach {quoted(file)} as {side} (read_only)")
        changed = _changed(connection, a, b)
        moved = attribution.attribute(home, connection, heads, changed)
    if records:
        write_rows(records, attribution.COLUMNS, moved)
    return changed


def _changed(connection: Connection, a: str, b: str) -> list[dict]:
    values = ", ".join(f"a.{name} as {name}_before, b.{name} as {name}_after" for name in VALUES)
    differs = " or ".join(f"a.{name} is distinct from b.{name}" for name in VALUES)
    for name, side in (("a", "older"), ("b", "newer")):
        figures = revisions.figures_of(connection, f"{side}.figures")
        connection.execute(f"create temp table {name} as from {figures}")
    shared = "(select period from a intersect select period from b)"
    if not rows_of(connection, f"from {shared}"):
        raise NotThere(f"{a} and {b} have no period in common: there is nothing to compare")
    return rows_of(
        connection,
        f"""
        select
            case
                when a.figure_id is null then 'added'
                when b.figure_id is null then 'removed'
                else 'changed'
            end as change,
            {", ".join(KEY)},
            {values},
        from a
        full join b using ({", ".join(KEY)})
        where period in {shared} and ({differs} or a.figure_id is null or b.figure_id is null)
        order by period_type desc, period, place_type, place, figure_id, scheme
        """,
    )
