"""The figures that changed between two releases."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

from orchestration.home import Home
from orchestration.ledger import log
from orchestration.releases import revisions
from orchestration.releases.verify import as_published
from orchestration.statements import from_parquet, rows_of
from orchestration.stopping import NotThere

KEY = revisions.KEY
VALUES = tuple(revisions.PRINTED)


def diff(home: Home, a: str, b: str) -> list[dict]:
    """Figures of release `a` that are changed, added or removed in `b`, over the periods that both hold.

    Each has `change`, the figure's key, and everything that is printed of it (`revisions.PRINTED`) as `<value>_before`
    and `<value>_after`.
    Raises FileNotFoundError when a release is not there, NotThere when the two have no period in common.
    """
    import duckdb

    figures_file = "marts/figures.parquet"
    heads = [as_published(home, release, figures_file) for release in (a, b)]
    files = [home.releases / head["release"] / figures_file for head in heads]
    log.note_in_a_home(home, "consultation", "releases compared", {"older": a, "release": b})
    values = ", ".join(f"a.{name} as {name}_before, b.{name} as {name}_after" for name in VALUES)
    differs = " or ".join(f"a.{name} is distinct from b.{name}" for name in VALUES)
    with duckdb.connect() as connection:
        for name, file in zip("ab", files, strict=True):
            figures = revisions.figures_of(connection, from_parquet(file))
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
