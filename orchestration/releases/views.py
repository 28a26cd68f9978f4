"""The views of a release: dbt's own over the warehouse's tables, made anew over the tables of marts.duckdb.

A view costs nothing until it is asked: the build and the release are no slower for them. What their columns mean stands in
dbt's YAML; of the wide views, whose columns are rows of seeds, here.
"""

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter

from orchestration.home import seed_rows
from orchestration.statements import Connection, quoted

SCHEMA = "release"  # in the warehouse
STATUS = "release_status"
AT = ("place_type", "place", "period_type", "period")


def wide_views() -> list[dict[str, str]]:
    return seed_rows("publication/wide_views.csv")


def in_warehouse(connection: Connection) -> dict[str, str]:
    """The SQL of each view by name, as dbt made it in `warehouse`, in the order in which one needs another."""
    found = dict(
        connection.execute(
            "select view_name, sql from duckdb_views() where database_name = 'warehouse' and schema_name = ?",
            [SCHEMA],
        ).fetchall()
    )
    needs = {name: re.findall(rf'"?\b{SCHEMA}"?\."?(\w+)', _asked(sql)) for name, sql in found.items()}
    return {name: found[name] for name in TopologicalSorter(needs).static_order()}


def add(connection: Connection, written: Mapping[str, str], head: dict) -> None:
    """Every view of `written` in `target`; `head` has the row of `release_status`.

    Their SQL names tables without a database, so that they work under whatever name marts.duckdb is attached.
    """
    columns = ("release", "period", "status", "planned_on")
    status = "select " + ", ".join(f"{_literal(head.get(name))} as {name}" for name in columns)
    connection.execute("use target")
    connection.execute("begin")
    for name, sql in written.items():
        connection.execute(
            f'create view "{name}" as {status if name == STATUS else over_a_release(_asked(sql))}'
        )
    connection.execute("commit")
    connection.execute("use memory")


def over_a_release(sql: str) -> str:
    """SQL over the warehouse as it is asked in marts.duckdb, whose own schema has the marts and the views."""
    return re.sub(rf'("?\bwarehouse"?\.)?"?\b(marts|{SCHEMA})"?\.|"?\bwarehouse"?\.', "", sql)


def described(dbt: dict) -> dict[str, dict]:
    """By view: description, columns (name -> meaning) and key; `counts` are the columns whose meaning says what their
    percentages mean too."""
    of_wide = {row["wide_view"]: _wide_described(row) for row in wide_views()}
    shared = {
        key.partition("released_")[2]: block["block_contents"]
        for key, block in dbt.get("docs", {}).items()
        if "released_" in key
    }
    found = {}
    # by name: dbt's order is that in which a machine lists its files
    for _, node in sorted(dbt["nodes"].items()):
        if node["resource_type"] == "model" and node["schema"] == SCHEMA:
            name = node.get("alias") or node["name"]
            about = of_wide.get(name) or (_split_described(name) if name.startswith("by_") else {})
            own = {name: column["description"] for name, column in node["columns"].items()}
            found[name] = {
                "description": about.get("description") or node["description"],
                "columns": shared | about.get("columns", {}) | own,
                "keys": about.get("keys", []),
                "counts": about.get("counts", []),
            }
    return found


def _asked(sql: str) -> str:
    """What a `create view` asks."""
    return sql.partition(" AS ")[2].rstrip().removesuffix(";")


def _literal(value: str | None) -> str:
    return "null::varchar" if value is None else quoted(value)


def _wide_described(view: dict[str, str]) -> dict:
    units = " or ".join(view["unit"].split(" and "))
    columns = {
        "known": f"{view['of_whom'][0].upper()}{view['of_whom'][1:]}.",
        "not_recorded": "Those of whom it is not known, where the force's layout has the field.",
        "not_collected": "Those of whom it is not known as the force's layout has no such field.",
    }
    counts = []
    for row in seed_rows("publication/wide_view_categories.csv"):
        if row["wide_view"] == view["wide_view"]:
            name = row["category"]
            counts.append(name)
            columns[name] = (
                f"How many are {row['meaning']}; `percent_{name}`: of those known; `percent_{name}_low` and "
                f"`percent_{name}_high`: of all, were none and were all of those not known so."
            )
            columns |= {f"percent_{name}{end}": columns[name] for end in ("", "_low", "_high")}
    return {
        "description": f"One row per {units}, population, place and period. {view['asks']} "
        f"Percentages are of {view['of_whom']}. Not collected: {view['not_collected']}.",
        "columns": columns,
        "keys": ["unit", "population", *AT],
        "counts": counts,
    }


def _split_described(view: str) -> dict:
    split = view.removeprefix("by_")
    columns = {
        "criterion": "`all`, or the criterion that the figures are about.",
        "base": "The named population of the percentages.",
        "known": "The base: those for whom the thing is recorded.",
        "is_comparable": "Whether every force of the place is in the matched-force series.",
        "status": "`published`, `caveat` or `withheld`, by the agreement of readers.",
    }
    counts = []
    for row in seed_rows("breakdown_categories.csv"):
        if row["breakdown"] == split:
            # no column starts with a digit
            column = f"aged_{row['category']}" if row["category"][0].isdigit() else row["category"]
            counts.append(column)
            columns[column] = columns[f"percent_{column}"] = (
                f"Count of the category {row['category'].replace('_', ' ')}, and `percent_{column}` as printed; null "
                "where withheld, or not a category of the unit."
            )
    return {
        "description": "One row per unit, population, criterion, scheme, place and period. The figures split by "
        f"{split.replace('_', ' ')}, side by side.",
        "columns": columns,
        "keys": ["unit", "population", "criterion", "scheme", *AT],
        "counts": counts,
    }
