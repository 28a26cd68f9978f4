"""How far the columns of a record single somebody out, and what each audience gets less of for it.

k of a record is how many records of the table have the same values in the columns of a set that somebody may know
(seeds/publication/identifying_sets.csv); a record whose k is 1 is unique. k of a policy is the threshold of the public tier
(seeds/disclosure_policy.csv). What a release and each feed have less of: seeds/publication/coarsening.csv.
"""

# ruff: noqa: S608 - names in the SQL are rows of seeds, never a user's

from collections.abc import Iterable, Mapping, Sequence

from orchestration.home import seed_rows
from orchestration.releases.disclosure import policy
from orchestration.statements import Connection, rows_of

OTHER = "other"
FACTS = {"crimes": "fct_crimes", "victims": "fct_victims", "suspects": "fct_suspects"}
RELEASE = "release"
# in a release a day is its month, or weeks in bands, and what is out is only counted
NOT_THERE = ("month", "weeks", "out")
KEEP = "keep"
MERGE = "merge_below_k"
RECORD = "crime_reference"


def smallest_allowed() -> int:
    return policy.read().threshold


def treated(audience: str, *treatments: str) -> set[tuple[str, str]]:
    """(table, column) that a release, or a feed, has so."""
    return {
        (row["table"], row["column"])
        for row in seed_rows("publication/coarsening.csv")
        if row["audience"] == audience and row["treatment"] in treatments
    }


def too_fine(columns: Iterable[tuple[str, str]]) -> list[str]:
    """Columns, of name and type, that a table of records may not have in a release: days, and those that are out."""
    found = list(columns)
    if RECORD not in {name for name, _ in found}:
        return []
    out = {column for _, column in treated(RELEASE, *NOT_THERE)}
    return [name for name, kind in found if name in out or kind.startswith(("DATE", "TIMESTAMP"))]


def measure(
    connection: Connection, tables: Mapping[str, str], key: Sequence[str], alike: Sequence[str] = ()
) -> list[dict]:
    """One row per set that can be measured: its columns, records, how many are unique, how many below k, and the smallest k.

    `tables` has the relation of crimes, victims and suspects; persons have the columns of their crime, joined by `key`.
    Of the columns in `alike` every record has the same value. A set of which another column is not there is left out.
    """
    k, found = smallest_allowed(), []
    crimes = _columns(connection, tables["crimes"])
    for row in seed_rows("publication/identifying_sets.csv"):
        own = _columns(connection, tables[row["table"]])
        of_crime = [] if row["table"] == "crimes" else [name for name in crimes if name not in own]
        columns = [name for name in row["columns"].split() if name not in alike]
        if not {*columns} <= {*own, *of_crime}:
            continue
        needs_crime = any(name in of_crime for name in columns)
        join = f" inner join {tables['crimes']} as crimes using ({', '.join(key)})" if needs_crime else ""
        groups = (
            f"select count(*) as k from {tables[row['table']]} as records{join} group by {', '.join(columns)}"
        )
        (counted,) = rows_of(
            connection,
            "select coalesce(sum(k), 0)::bigint as records, count(*) filter (where k = 1) as unique_records, "
            f"coalesce(sum(k) filter (where k < ?), 0)::bigint as below_k, min(k) as smallest_k from ({groups})",
            [k],
        )
        found.append({"set": row["identifying_set"], "columns": columns, "k": k, **counted})
    return found


def write(connection: Connection, measured: Sequence[Mapping]) -> None:
    """`target.quality.singling_out`: what was measured, in the order of the seed."""
    sets = {row["identifying_set"]: row for row in seed_rows("publication/identifying_sets.csv")}
    for row in measured:
        about = sets[row["set"]]
        connection.execute(
            "insert into target.quality.singling_out values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                row["set"],
                about["table"],
                " ".join(row["columns"]),
                about["who_knows_it"],
                *(row[name] for name in ("k", "records", "unique_records", "below_k", "smallest_k")),
            ],
        )


def merged(column: str) -> str:
    """The SQL of a column whose values that fewer records than k have are `other`."""
    return f"if(count(*) over (partition by {column}) < {smallest_allowed()}, '{OTHER}', {column})"


def _columns(connection: Connection, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
