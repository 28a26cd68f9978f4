"""How far the columns of a record single somebody out: k of named sets of columns (seeds/publication/identifying_sets.csv).

k of a record is how many records of the table have the same values in the columns of the set; a record whose k is 1 is
unique. k of a policy is the threshold of the public tier (seeds/disclosure_policy.csv).
"""

# ruff: noqa: S608 - names in the SQL are rows of seeds, never a user's

from collections.abc import Mapping, Sequence

from orchestration.home import seed_rows
from orchestration.releases.disclosure import policy
from orchestration.statements import Connection, rows_of

OTHER = "other"
FACTS = {"crimes": "fct_crimes", "victims": "fct_victims", "suspects": "fct_suspects"}


def smallest_allowed() -> int:
    return policy.read().threshold


def measure(connection: Connection, tables: Mapping[str, str], key: Sequence[str]) -> list[dict]:
    """One row per set: its columns that are there, records, how many are unique, how many below k, and the smallest k.

    `tables` has the relation of crimes, victims and suspects; persons have the columns of their crime, joined by `key`.
    A set with fewer than two columns there is left out.
    """
    k, found = smallest_allowed(), []
    crimes = _columns(connection, tables["crimes"])
    for row in seed_rows("publication/identifying_sets.csv"):
        own = _columns(connection, tables[row["table"]])
        of_crime = [] if row["table"] == "crimes" else [name for name in crimes if name not in own]
        columns = [name for name in row["columns"].split() if name in (*own, *of_crime)]
        if len(columns) < 2:
            continue
        needs_crime = any(name in of_crime for name in columns)
        join = f" inner join {tables['crimes']} as crimes using ({', '.join(key)})" if needs_crime else ""
        alike = (
            f"select count(*) as k from {tables[row['table']]} as records{join} group by {', '.join(columns)}"
        )
        (counted,) = rows_of(
            connection,
            "select coalesce(sum(k), 0)::bigint as records, count(*) filter (where k = 1) as unique_records, "
            f"coalesce(sum(k) filter (where k < ?), 0)::bigint as below_k, min(k) as smallest_k from ({alike})",
            [k],
        )
        found.append({"set": row["identifying_set"], "columns": columns, "k": k, **counted})
    return found


def merged(column: str) -> str:
    """The SQL of a column whose values that fewer records than k have are `other`."""
    return f"if(count(*) over (partition by {column}) < {smallest_allowed()}, '{OTHER}', {column})"


def _columns(connection: Connection, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
